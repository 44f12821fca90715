import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// The live view as JSON lines. Findings and transitions come when they are made, a connection when
/// it is let go, a summary of all at the end and `interval` records between.
struct LiveRecords: LiveView {
  let reportsAtEnd = false
  private let writer: RecordWriter

  init(_ kinds: RecordKinds) {
    writer = RecordWriter(kinds)
  }

  mutating func show(
    _ finding: Finding, on tracked: TrackedConnection?, now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    writer.write([finding], to: &out)
  }

  mutating func show(_ withdrawal: Withdrawal, to out: inout OutputBuffer) {
    guard writer.kinds.contains(.finding) else { return }
    out.write("{\"type\":\"withdrawn\",\"schema\":\(RecordWriter.schemaVersion),\"id\":")
    out.write(json: withdrawal.finding)
    out.write(",\"connection\":")
    out.write(withdrawal.connection.map { "\($0)" } ?? "null")
    out.write(",\"cause\":")
    write(withdrawal.cause, to: &out)
    out.write(",\"replaced_by\":")
    write(withdrawal.replacement, to: &out)
    out.write(",\"time\":\"")
    out.write(withdrawal.time)
    out.write("\",\"time_ns\":\(withdrawal.time.nanoseconds)}\n")
  }

  private func write(_ text: String?, to out: inout OutputBuffer) {
    if let text { out.write(json: text) } else { out.write("null") }
  }

  mutating func show(
    _ transition: Transition, of connection: Connection, to out: inout OutputBuffer
  ) {
    if writer.kinds.contains(.transition) {
      writer.write(transition, of: connection, to: &out)
    }
  }

  mutating func settle(
    _ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding],
    to out: inout OutputBuffer
  ) {
    guard writer.kinds.contains(.connection) else { return }
    var line = ConnectionLine(tracked.connection)
    writer.write(&line, to: &out)
  }

  mutating func show(_ summary: LiveSummary, now: CaptureTime, to out: inout OutputBuffer) {
    guard writer.kinds.contains(.summary) else { return }
    let time = WallClock.now
    out.write("{\"type\":\"interval\",\"schema\":\(RecordWriter.schemaVersion),\"time\":\"")
    out.write(time)
    out.write("\",\"time_ns\":\(time.nanoseconds),\"seconds\":")
    out.write(seconds: Int64(summary.length / .nanoseconds(1)))
    out.write(",\"packets\":\(summary.interval.frames),\"opened\":\(summary.opened)")
    out.write(",\"closed\":\(summary.interval.closed),\"held\":\(summary.held),\"states\":{")
    let states = summary.heldStates.map { "\"\($0.state)\":\($0.count)" }
    out.write(states.joined(separator: ","))
    out.write("},\"handshakes\":{\"count\":\(summary.interval.handshakes.count)")
    let times = summary.interval.handshakes
    for (name, share) in [("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("longest", 1.0)] {
      out.write(",\"\(name)_seconds\":")
      out.write(seconds: times.percentile(share))
    }
    out.write("},\"closed_first\":{")
    let closers = [("client", Closer.client), ("server", .server), ("both", .both)]
      .map { "\"\($0.0)\":\(summary.interval.closers[Int($0.1.rawValue)])" }
    out.write(closers.joined(separator: ","))
    out.write("},\"dropped_by_kernel\":\(summary.dropped.interval)")
    out.write(",\"dropped_by_kernel_total\":\(summary.dropped.total)")
    out.write(",\"dropped_by_interface_total\":\(summary.droppedByInterface)")
    out.write(",\"let_go_early_total\":\(summary.evicted)}\n")
  }

  mutating func end(
    _ totals: AnalysisTotals, _ conclusion: LiveConclusion, now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    writer.write(totals, to: &out)
  }
}
