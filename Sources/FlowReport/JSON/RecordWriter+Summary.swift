import TCPModel

extension RecordWriter {
  /// Appends a `summary` record, if that kind is asked for.
  public func write(_ totals: AnalysisTotals, to out: inout OutputBuffer) {
    guard kinds.contains(.summary) else { return }
    begin("summary", to: &out)
    out.write(",\"files\":")
    out.write(totals.files)
    out.write(",\"packets\":")
    out.write(totals.packets)
    out.write(",\"tcp_segments\":")
    out.write(totals.segments)
    out.write(",\"connections\":")
    out.write(totals.connections)
    out.write(",\"findings\":")
    write(
      totals.findings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: &out)
    out.write(",\"states\":")
    write(
      TCPState.allCases.map { ($0.description, totals.states[Int($0.rawValue)]) }
        .filter { $0.1 > 0 }, to: &out)
    out.write(",\"skipped\":")
    write(totals.skipped.reasons.map { ($0.name, $0.count) }, to: &out)
    out.write(",\"dropped_by_kernel\":")
    if let dropped = totals.droppedByKernel {
      out.write(dropped)
    } else {
      out.write("null")
    }
    end(&out)
  }

  private func write(_ counts: [(String, UInt64)], to out: inout OutputBuffer) {
    out.write(byte: UInt8(ascii: "{"))
    for (index, count) in counts.enumerated() {
      if index > 0 { out.write(byte: UInt8(ascii: ",")) }
      out.write(json: count.0)
      out.write(byte: UInt8(ascii: ":"))
      out.write(count.1)
    }
    out.write(byte: UInt8(ascii: "}"))
  }
}
