import Glibc
import PacketCapture
import PacketDecoding
import Testing

@Suite("Live capture", .enabled(if: isRoot, "capturing needs root"), .serialized)
struct LiveCaptureTests {
  @Test("gives the frames of a device, filtered in the kernel, and counts them")
  func loopback() async {
    await #expect(processExitsWith: .success) {
      #expect(enterEmptyNetwork())
      var options = LiveCaptureOptions()
      options.filter = "udp port 9"
      options.blockTimeout = 10
      var capture = try LiveCapture(device: "lo", options: options)
      #expect(capture.linkType == .ethernet)
      sendDatagrams(5)
      shell("bash -c 'echo -n x >/dev/udp/127.0.0.1/10'")
      var batch = FrameBatch()
      var frames: [ReadFrame] = []
      for _ in 0..<20 where frames.count < 5 {
        if try capture.read(into: &batch, waiting: 200) { frames += batch.copyFrames() }
      }
      // Ethernet, IPv4 and UDP headers and one byte.
      #expect(frames.map(\.bytes.count) == [43, 43, 43, 43, 43])
      #expect(frames.map(\.number) == [1, 2, 3, 4, 5])
      #expect(frames.allSatisfy { $0.bytes[42] == 0x78 })
      // The filter may let frames through to the counters twice on the loopback device.
      let statistics = try capture.statistics()
      #expect(statistics.received >= 5)
      #expect(statistics.droppedByKernel == 0)
      #expect(capture.nextFrameNumber == 6)
    }
  }

  @Test("of all devices at once is Linux cooked")
  func any() async {
    await #expect(processExitsWith: .success) {
      #expect(enterEmptyNetwork())
      let capture = try LiveCapture(device: "any")
      #expect([LinkType.linuxCooked, .linuxCooked2].contains(capture.linkType))
    }
  }

  @Test("waits as long as it is told when nothing comes, and no longer than another descriptor")
  func timeouts() async {
    await #expect(processExitsWith: .success) {
      #expect(enterEmptyNetwork())
      var capture = try LiveCapture(device: "lo")
      var batch = FrameBatch()
      let clock = ContinuousClock()
      let start = clock.now
      let cameAlone = try capture.read(into: &batch, waiting: 300)
      let idle = clock.now - start
      #expect(!cameAlone)
      #expect(idle > .milliseconds(250))
      #expect(idle < .seconds(5))
      // Always readable. The string outlives the call.
      let null = unsafe open("/dev/null", O_RDONLY)
      let restart = clock.now
      let cameWoken = try capture.read(into: &batch, waiting: 60_000, orUntilReadable: null)
      let woken = clock.now - restart
      #expect(!cameWoken)
      #expect(woken < .seconds(5))
    }
  }

  @Test("of a device that is taken away ends with an error that says so")
  func deviceGone() async {
    await #expect(processExitsWith: .success) {
      #expect(enterEmptyNetwork())
      guard shell("ip link add one type veth peer name two && ip link set one up") == 0 else {
        return
      }
      var batch = FrameBatch()
      var capture = try LiveCapture(device: "one")
      shell("ip link delete one")
      let error = #expect(throws: CaptureError.self) {
        for _ in 0..<20 { _ = try capture.read(into: &batch, waiting: 100) }
      }
      #expect(error?.kind == .deviceGone)
      #expect(error?.source == "one")
    }
  }

  @Test("refuses devices that do not exist and filters that are none")
  func refusals() {
    #expect(throws: CaptureError(.noSuchDevice, source: "nonexistent0")) {
      _ = try LiveCapture(device: "nonexistent0")
    }
    var options = LiveCaptureOptions()
    options.filter = "tcp prot 80"
    let error = #expect(throws: CaptureError.self) {
      _ = try LiveCapture(device: "lo", options: options)
    }
    #expect(error?.source == "tcp prot 80")
  }

  @Test("without root says which capability is missing and how to get it")
  func permission() async {
    await #expect(processExitsWith: .success) {
      try Privileges.drop(to: try Privileges.user(named: "nobody"))
      let error = #expect(throws: CaptureError.self) { _ = try LiveCapture(device: "lo") }
      #expect(error?.kind == .captureNotPermitted(missing: ["cap_net_raw", "cap_net_admin"]))
      #expect(error?.description.contains("setcap cap_net_raw,cap_net_admin+ep") == true)
    }
  }

  @Test("goes on after root is given up")
  func afterRoot() async {
    await #expect(processExitsWith: .success) {
      #expect(enterEmptyNetwork())
      var options = LiveCaptureOptions()
      options.isImmediate = true
      var capture = try LiveCapture(device: "lo", options: options)
      try Privileges.drop(to: try Privileges.user(named: "nobody"))
      sendDatagrams(3)
      var batch = FrameBatch()
      var count = 0
      for _ in 0..<20 where count < 3 {
        if try capture.read(into: &batch, waiting: 200) { count += batch.count }
      }
      #expect(count >= 3)
      #expect(try capture.statistics().received >= 3)
    }
  }

  @Test("lists the loopback device")
  func devices() throws {
    let loopback = try #require(try CaptureDevice.list().first { $0.name == "lo" })
    #expect(loopback.isLoopback)
  }
}
