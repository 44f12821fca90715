import PacketCapture
import PacketDecoding
import Testing

@Suite("A capture writer")
struct CaptureWriterTests {
  private func header(_ nanoseconds: Int64, original: UInt32 = 0) -> FrameHeader {
    FrameHeader(
      number: 1, time: CaptureTime(nanoseconds: nanoseconds), originalLength: original,
      linkType: .linuxCooked)
  }

  private func write(
    _ writer: inout CaptureWriter, _ bytes: [UInt8], at nanoseconds: Int64, original: UInt32 = 0
  ) throws {
    try writer.write(bytes.span, header(nanoseconds, original: original))
  }

  @Test(
    "writes what the reader and libpcap read back",
    arguments: [CaptureWriter.Precision.nanoseconds, .microseconds])
  func roundTrip(precision: CaptureWriter.Precision) throws {
    try withFolder { folder in
      let path = folder.path("out.pcap")
      do {
        var writer = try CaptureWriter(
          path: path, linkType: .linuxCooked, precision: precision)
        try write(&writer, [1, 2, 3], at: 1_700_000_000_123_456_789, original: 99)
        try write(&writer, [], at: -5)
        try write(&writer, [7], at: Int64.max)
        try writer.flush()
        #expect(writer.frameCount == 3)
      }
      let reading = read(path)
      let isFine = precision == .nanoseconds
      #expect(reading.error == nil)
      #expect(
        reading.frames.map(\.nanoseconds) == [
          isFine ? 1_700_000_000_123_456_789 : 1_700_000_000_123_456_000, 0,
          isFine ? 4_294_967_295_999_999_999 : 4_294_967_295_999_999_000,
        ])
      #expect(reading.frames.map(\.original) == [99, 0, 1])
      #expect(reading.frames.map(\.bytes) == [[1, 2, 3], [], [7]])
      #expect(reading.frames.allSatisfy { $0.linkType == 113 })
      #expect(read(path, reader: .libpcap).frames.map(\.bytes) == [[1, 2, 3], [], [7]])
    }
  }

  @Test("has a file that is good before the first frame and after each flush")
  func goodAtAnyTime() throws {
    try withFolder { folder in
      let path = folder.path("out.pcap")
      var writer = try CaptureWriter(path: path, linkType: .linuxCooked)
      #expect(read(path) == Reading())
      for count in 1...3 {
        try write(&writer, [UInt8](repeating: 1, count: 70_000), at: 1)
        try writer.flush()
        #expect(read(path).frames.count == count)
        #expect(read(path).error == nil)
      }
    }
  }

  @Test("begins a new file by size or by time, and keeps the last ones")
  func rotation() throws {
    try withFolder { folder in
      let path = folder.path("a.b/out.pcap")
      run("mkdir", folder.path("a.b"))
      do {
        var writer = try CaptureWriter(
          path: path, linkType: .linuxCooked,
          rotation: CaptureRotation(bytes: 24 + 2 * 26, keep: 2))
        for second in 0..<7 {
          try write(&writer, [UInt8](repeating: 1, count: 10), at: Int64(second))
        }
        try writer.flush()
      }
      #expect(read(path).error == .notFound)
      #expect(read(folder.path("a.b/out-00001.pcap")).error == .notFound)
      #expect(read(folder.path("a.b/out-00002.pcap")).frames.map(\.nanoseconds) == [4, 5])
      #expect(read(folder.path("a.b/out-00003.pcap")).frames.map(\.nanoseconds) == [6])
      do {
        var writer = try CaptureWriter(
          path: folder.path("timed"), linkType: .linuxCooked,
          rotation: CaptureRotation(seconds: 10))
        for second in [5, 14, 15, 40] as [Int64] {
          try write(&writer, [1], at: second * 1_000_000_000)
        }
        try writer.flush()
      }
      let counts = ["timed", "timed-00001", "timed-00002"].map {
        read(folder.path($0)).frames.count
      }
      #expect(counts == [2, 1, 1])
    }
  }

  @Test("says that the disk is full, and leaves a file that is good")
  func fullDisk() throws {
    let error = #expect(throws: CaptureError.self) {
      var writer = try CaptureWriter(path: "/dev/full", linkType: .linuxCooked)
      try writer.flush()
    }
    #expect(error?.kind == .system(28, doing: "writing"))
    #expect(error?.description.contains("No space left on device") == true)
  }

  @Test(
    "cuts away what a full disk took of a record",
    .enabled(if: isRoot, "a small disk needs root"))
  func smallDisk() throws {
    try withFolder { folder in
      let disk = folder.path("disk")
      run("mkdir", disk)
      guard shell("mount -t tmpfs -o size=64k none \(disk)") == 0 else { return }
      defer { shell("umount \(disk)") }
      var writer = try CaptureWriter(path: disk + "/out.pcap", linkType: .linuxCooked)
      var flushed = 0
      let error = #expect(throws: CaptureError.self) {
        for _ in 0..<100 {
          try write(&writer, [UInt8](repeating: 1, count: 1500), at: 1)
          try writer.flush()
          flushed += 1
        }
      }
      #expect(error?.kind == .system(28, doing: "writing"))
      #expect(flushed > 20)
      #expect(read(disk + "/out.pcap").error == nil)
      #expect(read(disk + "/out.pcap").frames.count == flushed)
    }
  }

  @Test("refuses frames of another link type and places that cannot be written")
  func refusals() throws {
    #expect(throws: CaptureError(.isDirectory, source: "/tmp")) {
      _ = try CaptureWriter(path: "/tmp", linkType: .ethernet)
    }
    #expect(throws: CaptureError(.notFound, source: "/nonexistent/x")) {
      _ = try CaptureWriter(path: "/nonexistent/x", linkType: .ethernet)
    }
    try withFolder { folder in
      var writer = try CaptureWriter(path: folder.path("x"), linkType: .ethernet)
      #expect(throws: CaptureError.self) { try write(&writer, [1], at: 1) }
    }
  }

  @Test("gives its file to the user it will run as", .enabled(if: isRoot, "only root can"))
  func owner() throws {
    try withFolder { folder in
      let user = try Privileges.user(named: "nobody")
      let path = folder.path("x")
      _ = try CaptureWriter(path: path, linkType: .ethernet, owner: user)
      #expect(
        shell("[ $(stat -c %u:%g:%a \(path)) = \(user.userID):\(user.groupID):600 ]") == 0)
    }
  }
}
