import FlowDiagnosis
import TCPModel

/// What is said about the whole input, at the top and at the bottom of the report.
public struct TotalsText: Sendable {
  private let layout: TextLayout

  public init(_ layout: TextLayout) {
    self.layout = layout
  }

  /// Appends one line that says how bad it is.
  public func writeHeadline(
    _ totals: AnalysisTotals, _ groups: FindingGroups, to out: inout OutputBuffer
  ) {
    let palette = layout.palette
    let counts: [String] = Severity.allCases.reversed().compactMap { severity in
      let count = groups.count(of: severity)
      guard count > 0 else { return nil }
      return palette.severity(severity, TotalsText.count(count, severity.description))
    }
    let connections = TotalsText.count(totals.connections, "connection")
    if totals.connections == 0, counts.isEmpty {
      out.write("No TCP connections.\n\n")
    } else if counts.isEmpty {
      out.write("Nothing to find fault with in \(connections).\n\n")
    } else {
      out.write("\(counts.joined(separator: ", ")) in \(connections)\n\n")
    }
  }

  /// Appends the totals.
  public func write(_ totals: AnalysisTotals, to out: inout OutputBuffer) {
    out.write(layout.palette.bold("Totals"))
    out.write("\n")
    line(
      "read",
      "\(TotalsText.count(totals.packets, "frame")), "
        + "\(TotalsText.count(totals.segments, "TCP segment")) in "
        + TotalsText.count(totals.connections, "connection"), to: &out)
    let reasons = totals.skipped.reasons
    if !reasons.isEmpty {
      let list = reasons.map { "\($0.count) \($0.text)" }.joined(separator: ", ")
      line("skipped", list, to: &out)
    }
    let states = TCPState.allCases.compactMap { state -> String? in
      let count = totals.states[Int(state.rawValue)]
      return count > 0 ? "\(count) \(state)" : nil
    }
    line("held", states.isEmpty ? "no state at the end" : states.joined(separator: ", "), to: &out)
    let closers: [(String, Closer)] = [
      ("client", .client), ("server", .server), ("both at once", .both), ("nobody", .none),
    ]
    let closed = closers.compactMap { name, closer -> String? in
      let count = totals.closers[Int(closer.rawValue)]
      return count > 0 ? "\(name) \(count)" : nil
    }
    if !closed.isEmpty { line("closed by", closed.joined(separator: ", "), to: &out) }
    writeHandshakes(totals.handshakes, to: &out)
    if let dropped = totals.droppedByKernel, dropped > 0 {
      line("dropped", "\(dropped) frames by the kernel while it captured", to: &out)
    }
    if let evicted = totals.evictions {
      line("let go", evicted, to: &out)
    }
  }

  private func writeHandshakes(_ times: DurationHistogram, to out: inout OutputBuffer) {
    guard times.count > 0 else { return }
    func text(_ nanoseconds: Int64) -> String {
      OutputBuffer.text { $0.write(duration: nanoseconds) }
    }
    let list =
      times.count == 1
      ? "1, \(text(times.longest))"
      : """
      \(times.count), median \(text(times.percentile(0.5))), \
      90 % within \(text(times.percentile(0.9))), 99 % within \(text(times.percentile(0.99))), \
      longest \(text(times.longest))
      """
    line("handshakes", list, to: &out)
  }

  private func line(_ label: String, _ text: String, to out: inout OutputBuffer) {
    layout.write(label: label.padded(to: 10), text, indent: 2, to: &out)
  }

  /// "1 frame", "3 frames".
  static func count(_ number: UInt64, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }
}
