import PacketCapture
import PacketDecoding
import SystemPackage

/// Both readers under capture files of any kind: an input is a file.
final class FileHarness {
  private let path: String
  private var batch = FrameBatch()
  /// The most frames the shortest record allows: an event block of pcapng takes 12 bytes.
  private static let shortestRecord = 12

  /// - Parameter path: Where the file is written, again and again.
  init(path: String) {
    self.path = path
  }

  func run(_ input: [UInt8]) {
    guard !FileHarness.isPacked(input) else { return }
    do {
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate],
        permissions: .ownerReadWrite)
      try file.closeAfter { _ = try file.writeAll(input) }
    } catch {
      fatalError("\(path): \(error)")
    }
    read(.automatic, input.count)
    read(.libpcap, input.count)
  }

  /// Whether a program would unpack it: none is started a million times.
  private static func isPacked(_ input: [UInt8]) -> Bool {
    [[0x1f, 0x8b], [0x28, 0xb5], [0x04, 0x22], [0xfd, 0x37]].contains { input.starts(with: $0) }
  }

  private func read(_ reader: ReaderChoice, _ size: Int) {
    var frames = 0
    var last: UInt64 = 0
    do throws(CaptureError) {
      var file = try CaptureFile(path: path, reader: reader)
      while try file.read(into: &batch) {
        precondition(batch.count > 0)
        frames += batch.count
        for index in 0..<batch.count {
          precondition(batch.range(at: index).upperBound <= batch.bytes.count)
          let number = batch.header(at: index).number
          precondition(number > last)
          last = number
        }
      }
      precondition(file.linkTypes.count <= 64)
    } catch {
      // What is wrong is told in one line.
      precondition(!error.description.utf8.contains(10))
    }
    precondition(frames <= size / FileHarness.shortestRecord)
  }
}
