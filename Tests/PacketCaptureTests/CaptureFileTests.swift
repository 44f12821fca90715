import PacketCapture
import PacketDecoding
import Testing

@Suite("A capture file")
struct CaptureFileTests {
  @Test("that does not exist is said to be missing")
  func missing() {
    #expect(throws: CaptureError(.notFound, source: "/nonexistent/x.pcap")) {
      _ = try CaptureFile(path: "/nonexistent/x.pcap")
    }
  }

  @Test("that is a directory is said to be one", arguments: [ReaderChoice.automatic, .libpcap])
  func directory(reader: ReaderChoice) {
    #expect(read("/tmp", reader: reader).error == .isDirectory)
  }

  @Test("that is no capture is refused")
  func notACapture() throws {
    #expect(
      try read(CaptureBytes(bytes: Array("root:x:0:0:root:/root:\n".utf8))).error == .notACapture)
    #expect(try read(CaptureBytes(bytes: [1, 2])).error == .notACapture)
    #expect(try read(CaptureBytes()).error == .empty)
    #expect(
      try read(CaptureBytes(bytes: Array("snoop\0\0\0........................".utf8))).error
        == .unsupported("a snoop capture"))
  }

  @Test("that may not be read says so", .disabled(if: isRoot, "root may read everything"))
  func permission() throws {
    try withFolder { folder in
      try folder.write([1], to: "closed")
      run("chmod", "000", folder.path("closed"))
      #expect(read(folder.path("closed")).error == .permissionDenied)
    }
  }

  @Test("tells its link type, its snap length and how far it was read")
  func properties() throws {
    try withFolder { folder in
      let capture = CaptureBytes.pcap(
        linkType: 113, snapLength: 65_535, frames: [TestFrame(1), TestFrame(2)])
      try folder.write(capture.bytes, to: "c")
      var file = try CaptureFile(path: folder.path("c"), firstFrameNumber: 10)
      var batch = FrameBatch()
      #expect(try file.read(into: &batch))
      #expect(batch.copyFrames().map(\.number) == [10, 11])
      #expect(file.nextFrameNumber == 12)
      #expect(file.linkTypes == [.linuxCooked])
      #expect(file.snapLength == 65_535)
      #expect(try !file.read(into: &batch))
      #expect(file.bytesRead == UInt64(capture.bytes.count))
      #expect(file.totalBytes == UInt64(capture.bytes.count))
    }
  }

  @Test("describes each problem in one line that names the file")
  func descriptions() {
    let kinds: [CaptureError.Kind] = [
      .notFound, .permissionDenied, .isDirectory, .empty, .notACapture,
      .truncated(frame: 3, offset: 99, missing: 1), .corrupt(frame: 3, offset: 99, what: "x"),
      .unsupported("x"), .decompressorMissing("zstd"),
      .decompressionFailed(program: "gzip", frame: 2), .system(5, doing: "reading"),
      .libpcap("x", frame: 0),
    ]
    for kind in kinds {
      let text = CaptureError(kind, source: "a.pcap").description
      #expect(text.hasPrefix("a.pcap: "))
      #expect(!text.contains("\n"))
    }
    let cut = CaptureError(.truncated(frame: 3, offset: 99, missing: 1), source: "a.pcap")
    #expect(
      cut.description
        == "a.pcap: cut off inside frame 3 at byte 99, 1 byte missing; the frames before it were read"
    )
  }

  @Test("may be a pipe: whole frames come out before the next ones are written")
  func pipe() throws {
    try withFolder { folder in
      let path = folder.path("pipe")
      run("mkfifo", path)
      let capture = CaptureBytes.pcap(frames: [TestFrame(1), TestFrame(2), TestFrame(3)])
      // The writer sends the header, one frame and half of the next, and waits for a file before
      // it goes on.
      try folder.write(Array(capture.bytes[..<140]), to: "first")
      try folder.write(Array(capture.bytes[140...]), to: "second")
      let go = folder.path("go")
      shell(
        """
        ( exec >\(path); cat \(folder.path("first"));
        while [ ! -e \(go) ]; do sleep 0.01; done; cat \(folder.path("second")) ) &
        """)
      var file = try CaptureFile(path: path)
      var batch = FrameBatch()
      #expect(try file.read(into: &batch))
      #expect(batch.copyFrames().map(\.number) == [1])
      #expect(file.totalBytes == nil)
      try folder.write([], to: "go")
      var numbers: [UInt64] = []
      while try file.read(into: &batch) { numbers += batch.copyFrames().map(\.number) }
      #expect(numbers == [2, 3])
    }
  }
}
