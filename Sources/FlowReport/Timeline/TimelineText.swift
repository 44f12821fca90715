import FlowDiagnosis
public import PacketDecoding
public import TCPModel

/// A timeline as a ladder for the terminal: the client's states at the left, the server's at the
/// right, the segments between.
public struct TimelineText: Sendable {
  private let layout: TextLayout
  /// Columns of frame numbers.
  private let frameWidth: Int
  /// Columns between the two lifelines.
  private let middle: Int
  private let timeline: Timeline
  private let notation: SegmentNotation
  private let origin: CaptureTime
  private let timers: Timers
  private let end: CaptureTime
  private let hasStreamNumber: Bool
  private let ending: String

  private static let stateWidth = 12
  private static let timeWidth = 10

  /// - Parameters:
  ///   - timeline: What to draw.
  ///   - layout: The terminal.
  ///   - timers: What the states were rebuilt with.
  ///   - end: When the capture ended.
  ///   - hasStreamNumber: Whether Wireshark numbers the connections as we do, from 0.
  ///   - ending: What comes at `end`, in a word or two.
  public init(
    _ timeline: Timeline, _ layout: TextLayout, timers: Timers, end: CaptureTime,
    hasStreamNumber: Bool, ending: String = "end of capture"
  ) {
    self.hasStreamNumber = hasStreamNumber
    self.ending = ending
    self.timeline = timeline
    self.timers = timers
    self.end = end
    self.layout = layout
    let connection = timeline.tracked.connection
    notation = SegmentNotation(timeline.tracked)
    origin = connection.firstTime
    frameWidth = max(5, "\(connection.lastFrame)".columns)
    // frame, time, state, lifeline, middle, lifeline, state; a space between each.
    let rest = frameWidth + 1 + TimelineText.timeWidth + 1 + 2 * (TimelineText.stateWidth + 2)
    middle = max(24, min(layout.width, 120) - rest)
  }

  /// Appends heading, findings and ladder.
  public func write(to out: inout OutputBuffer) {
    writeHeading(to: &out)
    row(
      "frame".paddedLeft(to: frameWidth), "time", layout.palette.faint("client".paddedState),
      layout.palette.faint(isSelf ? "" : "server"), between: "", isHeading: true, to: &out)
    row(
      "", "", "\(timeline.beginning.client)".paddedState,
      isSelf ? "same socket" : "\(timeline.beginning.server)", between: "", to: &out)
    var last = origin
    for line in timeline.lines {
      switch line {
      case .segment(let segment):
        write(segment, after: last, to: &out)
        last = segment.record.time
      case .omitted(let count):
        note("… \(TotalsText.count(UInt64(count), "segment")) …", to: &out)
      case .pause(let silence):
        note(
          "⋮ \(OutputBuffer.text { $0.write(duration: silence) }) ⋮", to: &out)
      case .move(let move): write(move, after: &last, to: &out)
      case .mark(let mark): write(mark, to: &out)
      }
    }
    writeEnd(to: &out)
    out.write("\n")
  }

  /// What the ends still hold when the capture ends.
  private func writeEnd(to out: inout OutputBuffer) {
    let connection = timeline.tracked.connection
    guard !connection.client.state.isIdle || !connection.server.state.isIdle else { return }
    let left = Side.allCases.compactMap { side -> String? in
      guard let left = connection[side].timerLeft(at: end, timers) else { return nil }
      return "\(side) \(OutputBuffer.text { $0.write(duration: left) })"
    }
    let remark = left.isEmpty ? "" : "left: \(left.joined(separator: ", "))"
    let whole = remark.isEmpty ? ending : "\(ending), \(remark)"
    let fits = whole.columns <= middle
    row(
      "", "", "\(connection.client.state)".paddedState,
      isSelf ? "" : "\(connection.server.state)",
      between: centered(fits ? whole : ending), to: &out)
    if !fits { note(remark, to: &out) }
  }

  private func writeHeading(to out: inout OutputBuffer) {
    let connection = timeline.tracked.connection
    let palette = layout.palette
    out.write(palette.bold("Connection \(connection.id)"))
    out.write("  \(connection.name(.client)) → \(connection.name(.server))")
    if !connection.traits.contains(.clientKnown) { out.write("  (client guessed)") }
    out.write("\n")
    var facts = ["from "]
    facts[0] += OutputBuffer.text { $0.write(connection.firstTime, style: .utc, since: origin) }
    facts[0] += " UTC"
    facts.append(connection.opening.phrase)
    facts.append("end: \(connection.end.rawValue)")
    if connection.vantage != .unknown {
      facts.append(
        connection.vantage == .between || connection.vantage == .loopback
          ? "captured \(connection.vantage == .between ? "between the hosts" : "on loopback")"
          : "captured at the \(connection.vantage.rawValue)")
    }
    if hasStreamNumber { facts.append("in Wireshark: tcp.stream eq \(connection.id &- 1)") }
    if connection.previous != 0 { facts.append("reuses connection \(connection.previous)") }
    layout.write(label: "", facts.joined(separator: ", "), indent: 0, to: &out) {
      palette.faint($0)
    }
    for finding in timeline.findings {
      layout.write(
        label: "", "\(finding.severity) \(finding.id): \(finding.summary.escapedForTerminal)",
        indent: 0, to: &out
      ) { palette.severity(finding.severity, $0) }
    }
    out.write("\n")
  }

  private var isSelf: Bool { timeline.tracked.connection.traits.contains(.isSelf) }

  // MARK: - Lines

  private func write(
    _ line: Timeline.SegmentLine, after last: CaptureTime, to out: inout OutputBuffer
  ) {
    let record = line.record
    let isProof = timeline.findings.contains { finding in
      finding.frames.contains { $0.frame == record.frame }
    }
    let isAboutTime = !record.annotations.isDisjoint(
      with: [.oldTimestamp, .unacceptableEcho, .timestampRegression])
    let parts =
      notation.core(record)
      + notation.options(record, withTimestamps: isProof || isAboutTime || middle >= 64)
      + notation.remarks(record).map { SegmentNotation.Part(text: "· \($0)") }
    let texts = TimelineText.fill(parts, width: middle - 5)
    let fades =
      record.annotations.contains(.previousIncarnation)
      || record.annotations.contains(.captureDuplicate)
    let height = max(texts.count, line.client.count, line.server.count)
    for index in 0..<height {
      let client = label(line.client, index).0
      let server = label(line.server, index).1
      let between =
        index == 0
        ? arrow(texts[0], record.sender)
        : continuation(index < texts.count ? texts[index] : "", record.sender)
      row(
        index == 0 ? "\(record.frame)".paddedLeft(to: frameWidth) : "",
        index == 0 ? time(record.time, after: last) : "",
        client, server, between: fades ? layout.palette.faint(between) : between,
        touches: index == 0 ? record.sender : nil, to: &out)
    }
    for (side, labels) in [(Side.client, line.client), (Side.server, line.server)] {
      for revoked in labels where revoked.revokedBy != 0 {
        let text = "× revoked by frame \(revoked.revokedBy)"
        let space = String(repeating: " ", count: max(0, middle - text.columns - 2))
        let faint = layout.palette.faint(text)
        row(
          "", "", "".paddedState, "",
          between: side == .client ? "  \(faint)\(space)" : "\(space)\(faint)  ", to: &out)
      }
    }
  }

  /// The cell of a state, as the left and as the right column has it.
  private func label(_ labels: [Timeline.StateLabel], _ index: Int) -> (String, String) {
    guard index < labels.count else { return ("".paddedState, "") }
    let label = labels[index]
    let text = "\(label.state)"
    guard label.revokedBy != 0 else {
      return (layout.palette.bold(text.paddedState), layout.palette.bold(text))
    }
    if layout.palette.isColored {
      return (
        layout.palette.revoked(text)
          + String(repeating: " ", count: max(0, TimelineText.stateWidth - text.columns)),
        layout.palette.revoked(text)
      )
    }
    return ("\(text)×".paddedState, "\(text)×")
  }

  private func write(
    _ move: Transition, after last: inout CaptureTime, to out: inout OutputBuffer
  ) {
    let reason: String
    if move.evidence == .timer {
      switch move.from {
      case .timeWait: reason = "2MSL over"
      case .finWait2: reason = "orphan time over"
      default: reason = "gave up"
      }
    } else if move.frame != 0 {
      reason = "frame \(move.frame)"
    } else {
      reason = "\(move.evidence)"
    }
    let revoked = move.revokedBy == 0 ? "" : ", revoked by frame \(move.revokedBy)"
    let label = [Timeline.StateLabel(state: move.to, revokedBy: move.revokedBy)]
    let text = "┄ \(reason)\(revoked) "
    let isClient = move.endpoint == .client
    let filled =
      isClient
      ? text + String(repeating: "┄", count: max(0, middle - text.columns))
      : String(repeating: "┄", count: max(0, middle - text.columns - 1))
        + " \(reason)\(revoked) ┄"
    row(
      "", time(move.time, after: last), isClient ? self.label(label, 0).0 : "".paddedState,
      isClient ? "" : self.label(label, 0).1, between: layout.palette.faint(filled), to: &out)
    last = max(last, move.time)
  }

  private func write(_ mark: Timeline.Mark, to out: inout OutputBuffer) {
    let indent = frameWidth + 1 + TimelineText.timeWidth + 1 + TimelineText.stateWidth + 2
    let text = "▲ \(mark.id): \(mark.role.escapedForTerminal)"
    for line in TextWrapping.lines(of: text, width: max(20, layout.width - indent)) {
      out.write(spaces: indent)
      out.write(layout.palette.severity(mark.severity, line))
      out.write("\n")
    }
  }

  /// A remark in the middle, between the lifelines.
  private func note(_ text: String, to out: inout OutputBuffer) {
    for line in TextWrapping.lines(of: text, width: middle) {
      row("", "", "".paddedState, "", between: centered(line), to: &out)
    }
  }

  private func centered(_ text: String) -> String {
    let left = max(0, middle - text.columns) / 2
    return String(repeating: " ", count: left) + layout.palette.faint(text)
      + String(repeating: " ", count: max(0, middle - text.columns - left))
  }

  private func row(
    _ frame: String, _ time: String, _ client: String, _ server: String, between: String,
    touches: Side? = nil, isHeading: Bool = false, to out: inout OutputBuffer
  ) {
    let palette = layout.palette
    out.write(palette.faint(frame.padded(to: frameWidth)))
    out.write(" ")
    out.write(palette.faint(time.paddedLeft(to: TimelineText.timeWidth)))
    out.write(" ")
    out.write(client)
    out.write(" ")
    out.write(isHeading ? " " : touches == .client ? "├" : "│")
    out.write(between.isEmpty ? String(repeating: " ", count: middle) : between)
    out.write(isHeading ? " " : touches == .server ? "┤" : "│")
    out.write(server.isEmpty ? "\n" : " \(server)\n")
  }

  private func arrow(_ text: String, _ sender: Side) -> String {
    let rest = max(0, middle - text.columns - 4)
    let line = String(repeating: "─", count: rest)
    return sender == .client ? "─ \(text) \(line)▶" : "◀\(line) \(text) ─"
  }

  private func continuation(_ text: String, _ sender: Side) -> String {
    let rest = max(0, middle - text.columns - 2)
    let space = String(repeating: " ", count: rest)
    return sender == .client ? "  \(text)\(space)" : "\(space)\(text)  "
  }

  private func time(_ time: CaptureTime, after last: CaptureTime) -> String {
    switch layout.timeStyle {
    case .utc, .relative:
      OutputBuffer.text { $0.write(ladderSeconds: time.nanoseconds(since: origin)) }
    case .delta: "+" + OutputBuffer.text { $0.write(ladderSeconds: time.nanoseconds(since: last)) }
    case .epoch: OutputBuffer.text { $0.write(time, style: .epoch, since: origin) }
    }
  }

  /// Puts parts onto lines, as many on each as fit.
  private static func fill(_ parts: [SegmentNotation.Part], width: Int) -> [String] {
    var lines: [String] = []
    for part in parts {
      let space = part.isGlued ? "" : " "
      if let last = lines.last, last.columns + space.columns + part.text.columns <= width {
        lines[lines.count - 1] = last + space + part.text
      } else {
        lines.append(part.text)
      }
    }
    return lines
  }
}

extension String {
  /// The text as wide as the column of states.
  fileprivate var paddedState: String { padded(to: 12) }
}

extension OutputBuffer {
  /// Appends seconds with six digits after the point, whatever the clock of the capture.
  mutating func write(ladderSeconds nanoseconds: Int64) {
    if nanoseconds < 0 { write("-") }
    let microseconds = (nanoseconds.magnitude + 500) / 1000
    write(microseconds / 1_000_000)
    write(".")
    write(microseconds % 1_000_000, width: 6)
  }
}

extension Opening {
  /// "opened by handshake".
  fileprivate var phrase: String {
    switch self {
    case .none: "never opened"
    case .handshake: "opened by handshake"
    case .simultaneous: "opened by both at once"
    case .self: "opened to itself"
    case .midstream: "open before the capture"
    }
  }
}
