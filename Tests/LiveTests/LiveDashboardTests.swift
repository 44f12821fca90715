import Foundation
import Testing

@Suite("Live screen", .enabled(if: System.canCapture, "needs root, iproute2, util-linux, python3"))
struct LiveDashboardTests {
  private static let enter = "\u{1B}[?1049h"
  private static let leave = "\u{1B}[?1049l"

  /// What the terminal was shown while the orders were carried out, and the exit status.
  private func show(_ orders: String) throws -> (status: Int32, output: String) {
    let traffic = "python3 '\(Place.script("traffic.py"))' refuse 2"
    return try System.run(
      "/usr/bin/env",
      [
        "unshare", "-n", "sh", "-c",
        """
        ip link set lo up; { sleep 1; \(traffic); } & printf '\(orders)' | python3 \
        '\(Place.script("screen.py"))' 20 70 '\(Place.executable)' sniff -i lo --dashboard
        """,
      ])
  }

  @Test(
    "The terminal is given back on every way out, and the report follows", arguments: [2, 15, 3])
  func restored(signal: Int) throws {
    let result = try show("for connection-refused\\nsignal \(signal)\\n")
    #expect(result.status == 0)
    let screens = result.output.components(separatedBy: LiveDashboardTests.leave)
    #expect(screens.count == 2)
    #expect(screens.first?.contains(LiveDashboardTests.enter) == true)
    #expect(screens.first?.contains("connection-refused ×") == true)
    #expect(screens.last?.contains("Totals") == true)
    #expect(result.output.contains("\u{1B}[?25h"))
  }

  @Test("It fills the size that the terminal has, and no more")
  func resized() throws {
    let result = try show("for connection-refused\\nresize 8 40\\nwait 1.5\\nsignal 2\\n")
    let screens = result.output.components(separatedBy: LiveDashboardTests.leave)
    let last = screens.first?.components(separatedBy: "\u{1B}[H").last ?? ""
    let rows = last.components(separatedBy: "\r\n")
    #expect(rows.count <= 8)
    for row in rows {
      let text = row.replacing(#/\u{1B}\[[0-9;?]*[a-zA-Z]|\r/#, with: "")
      #expect(text.unicodeScalars.count <= 40, "\(text)")
    }
  }

  @Test("Ctrl-Z gives the terminal back, and fg draws the screen anew")
  func suspended() throws {
    let result = try show(
      "for connection-refused\\nkeys \\032\\nstopped\\nsignal 18\\nwait 1.5\\nsignal 2\\n")
    #expect(result.status == 0)
    let screens = result.output.components(separatedBy: LiveDashboardTests.enter)
    // Before the first screen, the first one, the one after it went on.
    #expect(screens.count == 3)
    let parts = screens.dropFirst().map { $0.components(separatedBy: LiveDashboardTests.leave) }
    for part in parts { #expect(part.count == 2) }
    // While it stood still, nothing was drawn, and the cursor was there.
    #expect(parts.first?.last?.contains("stopped") == true)
    #expect(parts.first?.last?.contains("\u{1B}[H") == false)
    #expect(parts.first?.first?.hasSuffix("\u{1B}[?25h") == true)
    #expect(parts.last?.first?.contains("connection-refused ×") == true)
    #expect(parts.last?.last?.contains("Totals") == true)
  }

  @Test("It needs a terminal")
  func noTerminal() throws {
    #expect(try System.run(Place.executable, ["sniff", "-i", "lo", "--dashboard"]).status == 2)
  }
}
