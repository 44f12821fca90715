import Foundation
import PacketCapture
import PacketDecoding

/// A frame as a test compares it.
struct ReadFrame: Equatable {
  var number: UInt64
  var nanoseconds: Int64
  var original: UInt32
  var linkType: UInt32
  var interface: UInt32
  var bytes: [UInt8]
}

/// All that came out of a file: the frames, and the error that ended it.
struct Reading: Equatable {
  var frames: [ReadFrame] = []
  var error: CaptureError.Kind?
}

extension FrameBatch {
  func copyFrames() -> [ReadFrame] {
    (0..<count).map { index in
      let header = header(at: index)
      return ReadFrame(
        number: header.number, nanoseconds: header.time.nanoseconds,
        original: header.originalLength, linkType: header.linkType.rawValue,
        interface: header.interface, bytes: Array(bytes[range(at: index)]))
    }
  }
}

/// Reads a file to its end.
func read(_ path: String, reader: ReaderChoice = .automatic) -> Reading {
  var reading = Reading()
  var batch = FrameBatch()
  do throws(CaptureError) {
    var file = try CaptureFile(path: path, reader: reader)
    while try file.read(into: &batch) { reading.frames += batch.copyFrames() }
  } catch {
    reading.error = error.kind
  }
  return reading
}

/// Reads bytes by way of a file.
func read(_ capture: CaptureBytes, reader: ReaderChoice = .automatic) throws -> Reading {
  try withFolder { folder in
    try folder.write(capture.bytes, to: "capture")
    return read(folder.path("capture"), reader: reader)
  }
}

/// A folder that is gone after the test.
struct TestFolder {
  let root: URL

  func path(_ name: String) -> String { root.appending(path: name).path }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: root.appending(path: name))
  }

  func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: root.appending(path: name)))
  }
}

/// Runs `body` with a new folder and removes it with what was put there.
func withFolder<Result>(_ body: (TestFolder) throws -> Result) throws -> Result {
  let root = FileManager.default.temporaryDirectory
    .appending(path: "PacketCaptureTests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: root) }
  return try body(TestFolder(root: root))
}
