import PacketCapture
import Testing

@Suite("Several files as one input")
struct CaptureFileSetTests {
  private struct Outcome {
    var frames: [ReadFrame] = []
    var problems: [CaptureError] = []
    var numbers: [UInt64] { frames.map(\.number) }
    var seconds: [Int64] { frames.map { $0.nanoseconds / 1_000_000_000 } }
  }

  /// Reads files given by the seconds of their frames.
  private func merge(_ files: [[UInt32]], lengths: [Int]? = nil) throws -> Outcome {
    try withFolder { folder in
      var paths: [String] = []
      for (index, seconds) in files.enumerated() {
        // The fraction tells the file a frame is from.
        let frames = seconds.map {
          TestFrame($0, UInt32(index), length: lengths?[index] ?? 60)
        }
        try folder.write(CaptureBytes.pcap(frames: frames).bytes, to: "\(index)")
        paths.append(folder.path("\(index)"))
      }
      return read(paths)
    }
  }

  private func read(_ paths: [String]) -> Outcome {
    var outcome = Outcome()
    var batch = FrameBatch()
    var set = CaptureFileSet(paths: paths)
    while set.read(into: &batch) { outcome.frames += batch.copyFrames() }
    outcome.problems = set.problems
    #expect(set.bytesRead == set.totalBytes || !set.problems.isEmpty)
    return outcome
  }

  @Test("of one file keeps the order of the file")
  func single() throws {
    let outcome = try merge([[5, 3, 9, 1]])
    #expect(outcome.seconds == [5, 3, 9, 1])
    #expect(outcome.numbers == [1, 2, 3, 4])
  }

  @Test("reads files apart in time one after the other, whatever the order they are named in")
  func rotated() throws {
    let outcome = try merge([[7, 8], [1, 2], [4, 3]])
    #expect(outcome.seconds == [1, 2, 4, 3, 7, 8])
    #expect(outcome.numbers == [1, 2, 3, 4, 5, 6])
  }

  @Test("merges files that overlap by time, the first named first where two are equal")
  func overlapping() throws {
    let outcome = try merge([[1, 4, 4, 9], [2, 4, 5], [], [3]])
    #expect(outcome.seconds == [1, 2, 3, 4, 4, 4, 5, 9])
    #expect(outcome.frames.map { $0.nanoseconds / 1000 % 10 } == [0, 1, 3, 0, 0, 1, 1, 0])
    #expect(outcome.numbers == Array(1...8))
    #expect(outcome.frames.allSatisfy { $0.bytes[0] == UInt8($0.nanoseconds / 1_000_000_000) })
  }

  @Test("merges more than fits into a batch")
  func large() throws {
    let odd = (0..<9000).map { UInt32(2 * $0 + 1) }
    let even = (0..<9000).map { UInt32(2 * $0) }
    let outcome = try merge([odd, even], lengths: [900, 20])
    #expect(outcome.seconds == (0..<18_000).map { $0 })
    #expect(outcome.numbers == Array(1...18_000))
  }

  @Test("goes on when one of them is missing, empty, cut or nothing of the kind")
  func problems() throws {
    try withFolder { folder in
      let first = CaptureBytes.pcap(frames: [TestFrame(1), TestFrame(3)])
      var cut = CaptureBytes.pcap(frames: [TestFrame(2), TestFrame(4)])
      cut.bytes.removeLast()
      try folder.write(first.bytes, to: "first")
      try folder.write(cut.bytes, to: "cut")
      try folder.write(Array("hello, world: no capture at all".utf8), to: "text")
      let outcome = read(["first", "gone", "cut", "text"].map(folder.path))
      #expect(outcome.seconds == [1, 2, 3])
      #expect(
        outcome.problems == [
          CaptureError(.notFound, source: folder.path("gone")),
          CaptureError(.notACapture, source: folder.path("text")),
          CaptureError(
            .truncated(frame: 2, offset: 100, missing: 1), source: folder.path("cut")),
        ])
    }
  }

  @Test("may have a pipe among them")
  func pipe() throws {
    try withFolder { folder in
      try folder.write(CaptureBytes.pcap(frames: [TestFrame(1), TestFrame(3)]).bytes, to: "a")
      try folder.write(CaptureBytes.pcap(frames: [TestFrame(2), TestFrame(4)]).bytes, to: "b")
      run("mkfifo", folder.path("pipe"))
      shell("( cat \(folder.path("b")) >\(folder.path("pipe")) ) &")
      var set = CaptureFileSet(paths: [folder.path("a"), folder.path("pipe")])
      #expect(set.totalBytes == nil)
      var batch = FrameBatch()
      var frames: [ReadFrame] = []
      while set.read(into: &batch) { frames += batch.copyFrames() }
      #expect(frames.map { $0.nanoseconds / 1_000_000_000 } == [1, 2, 3, 4])
      #expect(frames.map(\.number) == [1, 2, 3, 4])
    }
  }
}
