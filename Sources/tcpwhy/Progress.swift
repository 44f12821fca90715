import FlowReport
import PacketCapture

/// How far reading has come, on standard error, if that is a terminal and it takes more than a
/// second.
struct Progress {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var shown: ContinuousClock.Instant
  private let isOn: Bool
  private var isVisible = false

  init() {
    start = clock.now
    shown = start
    isOn = StandardStreams.isErrorTerminal
  }

  /// Shows how far it is, a few times a second at most.
  mutating func update(bytes: UInt64, of total: UInt64?, packets: UInt64) {
    guard isOn else { return }
    let now = clock.now
    let elapsed = start.duration(to: now)
    guard elapsed > .seconds(1), shown.duration(to: now) > .milliseconds(200) else { return }
    shown = now
    isVisible = true
    let seconds =
      Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    var line = OutputBuffer()
    line.write("\r")
    line.write(byteCount: bytes)
    if let total, total > bytes, bytes > 0 {
      line.write(" of ")
      line.write(byteCount: total)
    }
    line.write(", ")
    line.write(packets)
    line.write(" packets, ")
    line.write(UInt64(Double(packets) / seconds))
    line.write(" packets/s")
    if let total, total > bytes, bytes > 0 {
      line.write(", ")
      line.write(duration: Int64(Double(total - bytes) / Double(bytes) * seconds * 1e9))
      line.write(" left")
    }
    line.write("\u{1B}[K")
    StandardError.write(line.text)
  }

  /// Wipes what was shown.
  mutating func end() {
    guard isVisible else { return }
    isVisible = false
    StandardError.write("\r\u{1B}[K")
  }
}
