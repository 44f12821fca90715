import FlowDiagnosis

/// Findings as paragraphs: the sentence of cause, the frames that prove it, what to do.
public struct FindingText: Sendable {
  private let layout: TextLayout
  /// How the input is named in commands, ready for a shell.
  private let input: String

  /// - Parameters:
  ///   - layout: The terminal.
  ///   - input: How the input is named in commands.
  public init(_ layout: TextLayout, input: String) {
    self.layout = layout
    self.input = input
  }

  /// Appends groups, most severe first, `limit` of them at most.
  public func write(_ groups: FindingGroups, limit: Int, to out: inout OutputBuffer) {
    let sorted = groups.sorted
    for group in sorted.prefix(limit) { write(group, to: &out) }
    let rest = sorted.count - min(limit, sorted.count)
    if rest > 0 {
      out.write(
        layout.palette.faint(
          "\(rest) more \(rest == 1 ? "cause" : "causes"); --all shows \(rest == 1 ? "it" : "them")"
        ))
      out.write("\n\n")
    }
    if groups.overflow > 0 {
      out.write(
        layout.palette.faint("\(groups.overflow) findings of further causes; --json lists them"))
      out.write("\n\n")
    }
  }

  /// Appends one group.
  public func write(_ group: FindingGroups.Group, to out: inout OutputBuffer) {
    let finding = group.example
    let severity = finding.severity.description
    out.write(layout.palette.severity(finding.severity, severity.uppercased()))
    out.write(" ")
    out.write(layout.palette.bold(finding.id))
    out.write(" ")
    out.write(layout.palette.faint(headline(group)))
    out.write("\n")
    layout.write(label: "", finding.summary.escapedForTerminal, indent: 2, to: &out)
    if !finding.frames.isEmpty {
      layout.write(label: "frames", frames(finding.frames), indent: 2, to: &out)
    }
    if !finding.advice.isEmpty {
      layout.write(label: "do", finding.advice.escapedForTerminal, indent: 2, to: &out)
    }
    if let cost = group.costSeconds, cost > 0, cost.isFinite, cost < 9e9 {
      let text = OutputBuffer.text { $0.write(duration: Int64(cost * 1e9)) }
      layout.write(
        label: "cost", group.count > 1 ? "\(text) in all" : text, indent: 2, to: &out)
    }
    if group.count > 1 {
      let others = group.connections.filter { !finding.connections.contains($0) }
      let shown = others.prefix(6).map { "\($0)" }.joined(separator: ", ")
      let noun = others.count == 1 ? "connection" : "connections"
      let list = others.isEmpty ? "" : ", on \(noun) \(shown)\(others.count > 6 ? ", …" : "")"
      layout.write(
        label: "also",
        "\(group.count - 1) more like it\(list): tcpwhy timeline \(input) --finding \(finding.id)",
        indent: 2, to: &out)
    }
    out.write("\n")
  }

  /// How sure, and how many connections.
  private func headline(_ group: FindingGroups.Group) -> String {
    let finding = group.example
    let connections: String
    if group.connectionCount == 1, let id = finding.connections.first {
      connections = "connection \(id)"
    } else if group.connectionCount == 0 {
      connections = "whole capture"
    } else {
      connections = "\(group.connectionCount) connections"
    }
    return "(\(finding.confidence), \(connections))"
  }

  /// "4 SYN · 5 RST", frames of one role joined.
  private func frames(_ frames: [FrameRole]) -> String {
    var parts: [(role: String, frames: [UInt64])] = []
    for frame in frames.prefix(64) {
      if let last = parts.last, last.role == frame.role {
        parts[parts.count - 1].frames.append(frame.frame)
      } else {
        parts.append((frame.role, [frame.frame]))
      }
    }
    let text = parts.prefix(8).map { part in
      "\(FindingText.ranges(part.frames)) \(part.role.escapedForTerminal)"
    }
    return text.joined(separator: " · ") + (parts.count > 8 || frames.count > 64 ? " · …" : "")
  }

  /// "3", "3-5", "3, 5, 9, …": runs joined, at most six named.
  static func ranges(_ frames: [UInt64]) -> String {
    var runs: [(first: UInt64, last: UInt64)] = []
    for frame in frames {
      if let last = runs.last, frame == last.last &+ 1 {
        runs[runs.count - 1].last = frame
      } else {
        runs.append((frame, frame))
      }
    }
    let names = runs.prefix(6).map {
      $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)"
    }
    return names.joined(separator: ", ") + (runs.count > 6 ? ", …" : "")
  }
}
