import FlowDiagnosis
public import PacketDecoding
public import TCPModel

/// A timeline as a drawing: the client's line of life at the left, the server's at the right, the
/// segments as arrows between. Its colours come from the style sheet of `HTMLReport`.
public struct TimelineSVG: Sendable {
  private let timeline: Timeline
  private let notation: SegmentNotation
  private let timers: Timers
  private let end: CaptureTime
  private var body = OutputBuffer()
  /// The y coordinate of the next line.
  private var y = 20

  private static let left = 250
  private static let right = 770
  private static let width = 920
  private static var center: Int { (left + right) / 2 }

  /// - Parameters:
  ///   - timeline: What to draw.
  ///   - timers: What the states were rebuilt with.
  ///   - end: When the capture ended.
  public init(_ timeline: Timeline, timers: Timers, end: CaptureTime) {
    self.timeline = timeline
    self.timers = timers
    self.end = end
    notation = SegmentNotation(timeline.tracked)
    draw()
  }

  /// Appends the drawing as an `svg` element.
  public func write(to out: inout OutputBuffer) {
    let bottom = y + 6
    out.write(
      """
      <svg viewBox="0 0 \(TimelineSVG.width) \(bottom)" role="img" \
      aria-label="Timeline of connection \(timeline.tracked.connection.id)">

      """)
    for x in [TimelineSVG.left, TimelineSVG.right] {
      out.write(
        "<line class=\"life\" x1=\"\(x)\" y1=\"8\" x2=\"\(x)\" y2=\"\(bottom - 6)\"/>\n")
    }
    out.write(body)
    out.write("</svg>\n")
  }

  // MARK: - Lines

  private mutating func draw() {
    state(.client, "\(timeline.beginning.client)", isRevoked: false)
    state(.server, isSelf ? "same socket" : "\(timeline.beginning.server)", isRevoked: false)
    y += 22
    for line in timeline.lines {
      switch line {
      case .segment(let segment): draw(segment)
      case .omitted(let count): note("… \(TotalsText.count(UInt64(count), "segment")) …")
      case .pause(let silence):
        note("⋮ \(OutputBuffer.text { $0.write(duration: silence) }) ⋮")
      case .move(let move): draw(move)
      case .mark(let mark): draw(mark)
      }
    }
    let connection = timeline.tracked.connection
    guard !connection.client.state.isIdle || !connection.server.state.isIdle else { return }
    let ends = Side.allCases.compactMap { side -> String? in
      guard let left = connection[side].timerLeft(at: end, timers) else { return nil }
      return "\(side) \(OutputBuffer.text { $0.write(duration: left) })"
    }
    state(.client, "\(connection.client.state)", isRevoked: false)
    if !isSelf { state(.server, "\(connection.server.state)", isRevoked: false) }
    note("end of capture" + (ends.isEmpty ? "" : ", left: \(ends.joined(separator: ", "))"))
  }

  private var isSelf: Bool { timeline.tracked.connection.traits.contains(.isSelf) }

  private mutating func draw(_ line: Timeline.SegmentLine) {
    let record = line.record
    let fades =
      record.annotations.contains(.previousIncarnation)
      || record.annotations.contains(.captureDuplicate)
    if fades { body.write("<g class=\"foreign\">\n") }
    y += 8
    text("\(record.frame)", x: 46, anchor: "end", class: "frame")
    text(time(record.time), x: 128, anchor: "end", class: "time")
    arrow(from: record.sender)
    let core = notation.core(record).map(\.text).joined(separator: " ")
    text(core, x: TimelineSVG.center, y: y - 5, anchor: "middle", class: "segment")
    let options = notation.options(record, withTimestamps: true)
      .map(\.text).joined()
    let remarks = notation.remarks(record).joined(separator: " · ")
    let below = [options, remarks].filter { !$0.isEmpty }.joined(separator: "  ")
    if !below.isEmpty {
      text(below, x: TimelineSVG.center, y: y + 11, anchor: "middle", class: "options")
    }
    let top = y
    var bottom = y
    for (side, labels) in [(Side.client, line.client), (Side.server, line.server)] {
      y = top
      for label in labels {
        state(side, "\(label.state)", isRevoked: label.revokedBy != 0)
        y += 14
        if label.revokedBy != 0 {
          let x = side == .client ? TimelineSVG.left - 8 : TimelineSVG.right + 8
          text(
            "revoked by frame \(label.revokedBy)", x: x, anchor: side == .client ? "end" : "start",
            class: "options")
          y += 14
        }
      }
      bottom = max(bottom, y)
    }
    y = max(top + 26, bottom + 8)
    if fades { body.write("</g>\n") }
  }

  private mutating func draw(_ move: Transition) {
    let reason: String
    switch (move.evidence, move.from) {
    case (.timer, .timeWait): reason = "2MSL over"
    case (.timer, .finWait2): reason = "orphan time over"
    case (.timer, _): reason = "gave up"
    default: reason = move.frame == 0 ? "\(move.evidence)" : "frame \(move.frame)"
    }
    text(time(move.time), x: 128, anchor: "end", class: "time")
    state(move.endpoint, "\(move.to)", isRevoked: move.revokedBy != 0)
    let x = move.endpoint == .client ? TimelineSVG.left + 8 : TimelineSVG.right - 8
    text(reason, x: x, anchor: move.endpoint == .client ? "start" : "end", class: "options")
    y += 20
  }

  private mutating func draw(_ mark: Timeline.Mark) {
    text(
      "▲ \(mark.id): \(mark.role)", x: TimelineSVG.center, anchor: "middle",
      class: "mark \(mark.severity)")
    y += 18
  }

  private mutating func note(_ remark: String) {
    text(remark, x: TimelineSVG.center, anchor: "middle", class: "options")
    y += 20
  }

  // MARK: - Elements

  private mutating func state(_ side: Side, _ name: String, isRevoked: Bool) {
    let x = side == .client ? TimelineSVG.left - 8 : TimelineSVG.right + 8
    text(
      name, x: x, anchor: side == .client ? "end" : "start",
      class: isRevoked ? "state revoked" : "state")
  }

  private mutating func arrow(from side: Side) {
    let (from, to) =
      side == .client
      ? (TimelineSVG.left, TimelineSVG.right) : (TimelineSVG.right, TimelineSVG.left)
    let back = side == .client ? to - 9 : to + 9
    body.write("<line class=\"arrow\" x1=\"\(from)\" y1=\"\(y)\" x2=\"\(back)\" y2=\"\(y)\"/>")
    body.write("<path class=\"head\" d=\"M\(to) \(y)L\(back) \(y - 4)V\(y + 4)Z\"/>\n")
  }

  private mutating func text(
    _ text: String, x: Int, y: Int? = nil, anchor: String, class name: String
  ) {
    body.write(
      "<text class=\"\(name)\" x=\"\(x)\" y=\"\((y ?? self.y) + 4)\" text-anchor=\"\(anchor)\">")
    body.write(text.escapedForHTML)
    body.write("</text>\n")
  }

  private func time(_ time: CaptureTime) -> String {
    let start = timeline.tracked.connection.firstTime
    return OutputBuffer.text {
      $0.write(ladderSeconds: time.nanoseconds(since: start))
    }
  }
}
