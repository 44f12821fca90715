import Foundation
import Testing

@Suite(
  "Live refusals", .enabled(if: System.canCapture, "needs root, iproute2, util-linux, python3"))
struct LiveRefusalsTests {
  private func sniff(_ words: String, before: String = "") throws -> (status: Int32, text: String) {
    let result = try System.run(
      "/bin/sh", ["-c", "\(before) '\(Place.executable)' sniff \(words) 2>&1"])
    return (result.status, result.output)
  }

  @Test(
    "Wrong usage is status 2",
    arguments: [
      "-i lo -f tcp udp", "-i lo tcp prot 80", "-i lo -c 0", "-i lo -Z nobody-of-that-name",
      "-i lo --rotate 1MB", "-i lo --rotate 100 -w x", "-i lo --duration 5x",
      "-i lo --max-connections 1", "-i lo -s -1",
    ])
  func usage(words: String) throws {
    #expect(try sniff(words).status == 2)
  }

  @Test("A device that is not there is status 3 in one line")
  func noDevice() throws {
    let result = try sniff("-i nonexistent0")
    #expect(result.status == 3)
    #expect(result.text.split(separator: "\n").count == 1)
    #expect(result.text.contains("tcpwhy interfaces"))
  }

  @Test("Without root and capabilities one line names the capability and how to get it")
  func noPermission() throws {
    let result = try sniff("-i lo", before: "setpriv --reuid 65534 --regid 65534 --clear-groups")
    #expect(result.status == 3)
    #expect(result.text.split(separator: "\n").count == 1)
    #expect(result.text.contains("cap_net_raw"))
    #expect(result.text.contains("setcap cap_net_raw,cap_net_admin+ep"))
  }

  @Test("With a capability and without root it works, and gives the capability up")
  func withCapability() throws {
    let sniffer = try Sniffer(
      ["-i", "lo"],
      launcher: """
        setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_raw,+net_admin \
        --ambient-caps +net_raw,+net_admin
        """)
    #expect(sniffer.status("CapEff") == ["0000000000000000"])
    #expect(sniffer.status("CapPrm") == ["0000000000000000"])
    #expect(sniffer.status("Uid").first == "65534")
    #expect(try sniffer.end() == 0)
  }

  @Test("Who called sudo is become where nobody is named")
  func sudoUser() throws {
    let sniffer = try Sniffer(["-i", "lo"], launcher: "env SUDO_UID=1 SUDO_GID=1")
    #expect(sniffer.status("Uid").first == "1")
    #expect(try sniffer.end() == 0)
  }

  @Test("interfaces lists the loopback device with its addresses and flags")
  func interfaces() throws {
    let result = try System.run(Place.executable, ["interfaces"])
    #expect(result.status == 0)
    let loopback = result.output.split(separator: "\n").first { $0.contains(" lo ") }
    #expect(loopback?.contains("loopback") == true)
    #expect(loopback?.contains("127.0.0.1") == true)
  }
}
