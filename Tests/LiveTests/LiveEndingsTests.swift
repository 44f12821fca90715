import Foundation
import Testing

@Suite(
  "Live endings", .enabled(if: System.canCapture, "needs root, iproute2, util-linux, python3"),
  .serialized)
struct LiveEndingsTests {
  @Test("An interrupt ends with the report and status 0", arguments: [SIGINT, SIGTERM, SIGHUP])
  func interrupted(signal: Int32) throws {
    let sniffer = try Sniffer(["-i", "lo"])
    try sniffer.traffic("exchange 3")
    #expect(try sniffer.end(signal) == 0)
    #expect(sniffer.output.contains("3 connections"))
    #expect(sniffer.output.contains("Totals"))
    #expect(sniffer.errors.split(separator: "\n").count == 1)
  }

  @Test("A finding fails the run where that is asked for, and comes before the end")
  func failOn() throws {
    let sniffer = try Sniffer(["-i", "lo", "--fail-on", "warning"])
    try sniffer.traffic("refuse 1")
    try sniffer.wait("the finding is told") { sniffer.output.contains("connection-refused") }
    #expect(sniffer.process.isRunning)
    #expect(try sniffer.end() == 1)
  }

  @Test("-c ends after exactly so many frames, in the report and in the file")
  func count() throws {
    let folder = try Folder()
    let sniffer = try Sniffer(["-i", "lo", "-c", "7", "-w", folder.path("seven.pcap"), "tcp"])
    try sniffer.traffic("exchange 2")
    #expect(try sniffer.waitForEnd() == 0)
    #expect(sniffer.output.contains("7 frames"))
    let offline = try System.run(Place.executable, [folder.path("seven.pcap")])
    #expect(offline.status == 0)
    #expect(offline.output.contains("7 frames"))
  }

  @Test("--duration ends by itself, and hardly uses the processor while nothing comes")
  func duration() throws {
    let start = Date()
    let sniffer = try Sniffer(["-i", "lo", "--duration", "3s"])
    usleep(2_500_000)
    let path = "/proc/\(sniffer.process.processIdentifier)/stat"
    let words = try String(contentsOfFile: path, encoding: .utf8).split(separator: " ")
    // User and system time, in hundredths of a second; starting up is included.
    #expect((Int(words[13]) ?? 1000) + (Int(words[14]) ?? 1000) < 30)
    #expect(try sniffer.waitForEnd() == 0)
    #expect(Date().timeIntervalSince(start) > 2.9)
    #expect(sniffer.output.contains("Totals"))
  }

  @Test("SIGUSR1 writes counters to standard error and changes nothing else")
  func counters() throws {
    let sniffer = try Sniffer(["-i", "lo"])
    try sniffer.traffic("exchange 2")
    try sniffer.wait("frames are counted") {
      kill(sniffer.process.processIdentifier, SIGUSR1)
      usleep(50_000)
      return sniffer.errors.contains("2 connections seen")
    }
    #expect(sniffer.errors.contains("dropped by the kernel 0"))
    #expect(!sniffer.output.contains("Totals"))
    #expect(try sniffer.end() == 0)
  }

  @Test("A summary counts states, new and closed connections, handshakes and drops")
  func summary() throws {
    let sniffer = try Sniffer(["-i", "lo", "--summary", "1s", "--json"])
    try sniffer.traffic("exchange 5")
    try sniffer.wait("a summary") { sniffer.output.contains(#""type":"interval""#) }
    usleep(1_200_000)
    #expect(try sniffer.end() == 0)
    let intervals = try sniffer.output.split(separator: "\n")
      .compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
      .filter { $0["type"] as? String == "interval" }
    #expect(intervals.count >= 2)
    func total(_ name: String) -> Int { intervals.reduce(0) { $0 + ($1[name] as? Int ?? 0) } }
    #expect(total("opened") == 5)
    #expect(total("closed") == 5)
    #expect(total("dropped_by_kernel") == 0)
    let handshakes = intervals.compactMap { ($0["handshakes"] as? [String: Any])?["count"] as? Int }
    #expect(handshakes.reduce(0, +) == 5)
    #expect((intervals.last?["states"] as? [String: Int])?["TIME-WAIT"] == 5)
  }

  @Test("Every change of state has its line when asked for")
  func transitions() throws {
    let sniffer = try Sniffer(["-i", "lo", "--transitions"])
    try sniffer.traffic("exchange 1 4711")
    try sniffer.wait("the close") { sniffer.output.contains("LAST-ACK → CLOSED") }
    for change in ["CLOSED → SYN-SENT", "LISTEN → SYN-RECEIVED", "SYN-SENT → ESTABLISHED"] {
      #expect(sniffer.output.contains(change))
    }
    #expect(try sniffer.end() == 0)
  }

  @Test("A connection that was there before is not blamed for it")
  func midstream() throws {
    // The connection begins before the capture and ends after it.
    let script = "python3 '\(Place.script("traffic.py"))' hold 30"
    let sniffer = try Sniffer(
      ["-i", "lo"], setup: "ip link set lo up; { \(script) & } | head -n 1 >/dev/null")
    usleep(2_000_000)
    #expect(try sniffer.end() == 0)
    #expect(sniffer.output.contains("midstream"))
    #expect(sniffer.output.contains("Nothing to find fault with in 1 connection."))
    #expect(sniffer.output.contains("2 ESTABLISHED"))
  }

  @Test("A device that is taken away ends with the report, one line and status 3")
  func deviceGone() throws {
    let folder = try Folder()
    let sniffer = try Sniffer(
      ["-i", "one", "-w", folder.path("one.pcap")],
      setup: "ip link add one type veth peer name two && ip link set one up && ip link set two up")
    try sniffer.shell("ip link delete one")
    #expect(try sniffer.waitForEnd() == 3)
    #expect(sniffer.output.contains("Totals"))
    #expect(sniffer.errors.contains("one: the device is gone"))
    #expect(sniffer.errors.split(separator: "\n").count == 2)
    #expect(try System.run(Place.executable, [folder.path("one.pcap")]).status == 0)
  }

  @Test("A full disk ends with the report, one line and status 3, and the file is good")
  func diskFull() throws {
    // The mount is seen by the program alone and goes with it.
    let sniffer = try Sniffer(
      ["-i", "lo", "-w", "/mnt/full.pcap"], isolation: "-n -m",
      setup: "ip link set lo up && mount -t tmpfs -o size=64k,mode=1777 none /mnt",
      afterwards: "'\(Place.executable)' /mnt/full.pcap")
    try sniffer.traffic("exchange 300")
    #expect(try sniffer.waitForEnd() == 3)
    let reports = sniffer.output.components(separatedBy: "\nTotals\n")
    #expect(reports.count == 3, "one live, one of the file")
    #expect(
      sniffer.errors.split(separator: "\n").dropFirst()
        == ["tcpwhy: /mnt/full.pcap: writing failed: No space left on device"])
  }

  @Test("The reader of the output leaves: one line, status 0, and the file is good")
  func readerGone() throws {
    let folder = try Folder()
    let pipe = Pipe()
    let sniffer = try Sniffer(
      ["-i", "lo", "-w", folder.path("kept.pcap"), "tcp"], output: pipe.fileHandleForWriting)
    try pipe.fileHandleForWriting.close()
    try sniffer.traffic("exchange 2")
    usleep(700_000)
    try pipe.fileHandleForReading.close()
    #expect(try sniffer.waitForEnd() == 0)
    #expect(sniffer.errors.contains("nobody reads the output any more"))
    let offline = try System.run(Place.executable, [folder.path("kept.pcap")])
    #expect(offline.status == 0)
    #expect(offline.output.contains("2 connections"))
  }

  @Test("Capture files are rotated by the user who was become, or refused at the start")
  func rotation() throws {
    let folder = try Folder()
    try System.run("/bin/chmod", ["777", folder.url.path])
    let sniffer = try Sniffer(
      ["-i", "lo", "-w", folder.path("r.pcap"), "--rotate", "20kB", "--keep", "2"])
    try sniffer.traffic("exchange 60")
    #expect(try sniffer.end() == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(names.count == 2)
    #expect(!names.contains("r.pcap"))

    try System.run("/bin/chmod", ["755", folder.url.path])
    let refused = try System.run(
      "/bin/sh",
      [
        "-c", "\(Place.executable) sniff -i lo -w \(folder.path("s.pcap")) --rotate 1MB 2>&1",
      ])
    #expect(refused.status == 3)
    #expect(refused.output.contains("making further files as user nobody"))
  }
}
