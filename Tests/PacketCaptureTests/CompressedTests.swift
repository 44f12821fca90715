import Glibc
import PacketCapture
import Testing

@Suite("Compressed captures")
struct CompressedTests {
  static let programs = ["gzip", "zstd", "lz4", "xz"].filter(isInstalled)
  static let frames = (0..<5000).map { TestFrame(UInt32($0), length: 300) }

  @Test(
    "are told by their content and read like others", arguments: programs,
    [ReaderChoice.automatic, .libpcap])
  func file(program: String, reader: ReaderChoice) throws {
    try withFolder { folder in
      try folder.write(CaptureBytes.pcap(frames: Self.frames).bytes, to: "plain")
      shell("\(program) -c \(folder.path("plain")) >\(folder.path("packed"))")
      let reading = read(folder.path("packed"), reader: reader)
      #expect(reading.error == nil)
      #expect(reading.frames.map(\.bytes) == Self.frames.map(\.bytes))
    }
  }

  @Test("may come through a pipe", arguments: programs)
  func pipe(program: String) throws {
    try withFolder { folder in
      try folder.write(CaptureBytes.pcap(frames: Self.frames).bytes, to: "plain")
      run("mkfifo", folder.path("pipe"))
      shell("( \(program) -c \(folder.path("plain")) >\(folder.path("pipe")) ) &")
      let reading = read(folder.path("pipe"))
      #expect(reading.error == nil)
      #expect(reading.frames.map(\.bytes) == Self.frames.map(\.bytes))
    }
  }

  @Test(
    "that are cut give what can be unpacked, and the program that gave up",
    arguments: programs)
  func cut(program: String) throws {
    try withFolder { folder in
      try folder.write(CaptureBytes.pcap(frames: Self.frames).bytes, to: "plain")
      shell("\(program) -c \(folder.path("plain")) >\(folder.path("packed"))")
      let packed = try folder.read("packed")
      try folder.write(Array(packed[..<(packed.count - 20)]), to: "cut")
      let reading = read(folder.path("cut"))
      #expect(
        reading.error
          == .decompressionFailed(program: program, frame: UInt64(reading.frames.count)))
    }
  }

  @Test("may be left in the middle", arguments: programs)
  func abandoned(program: String) throws {
    try withFolder { folder in
      let many = CaptureBytes.pcap(frames: (0..<40_000).map { TestFrame(UInt32($0), length: 500) })
      try folder.write(many.bytes, to: "plain")
      shell("\(program) -c \(folder.path("plain")) >\(folder.path("packed"))")
      var batch = FrameBatch()
      do {
        var file = try CaptureFile(path: folder.path("packed"))
        #expect(try file.read(into: &batch))
      }
      #expect(childrenLeft(named: program) == 0)
    }
  }

  @Test("say so when the program to unpack them is missing")
  func missingProgram() async {
    await #expect(processExitsWith: .success) {
      // Nobody else reads the environment here.
      unsafe setenv("PATH", "/nonexistent", 1)
      try withFolder { folder in
        try folder.write([0x28, 0xb5, 0x2f, 0xfd, 0], to: "packed")
        #expect(read(folder.path("packed")).error == .decompressorMissing("zstd"))
      }
    }
  }

  /// Children of this process that run or ran `program`.
  private func childrenLeft(named program: String) -> Int32? {
    shell("exit $(ps --no-headers --ppid $PPID -o comm | grep -c '^\(program)$')")
  }
}
