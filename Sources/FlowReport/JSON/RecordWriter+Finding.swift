public import FlowDiagnosis
import PacketDecoding

extension RecordWriter {
  /// Appends a `finding` record.
  public func write(_ finding: Finding, to out: inout OutputBuffer) {
    begin("finding", to: &out)
    out.write(",\"id\":")
    out.write(json: finding.id)
    out.write(",\"severity\":\"")
    out.write(finding.severity.description)
    out.write("\",\"confidence\":\"")
    out.write(finding.confidence.description)
    out.write("\",\"connections\":[")
    for (index, id) in finding.connections.enumerated() {
      if index > 0 { out.write(byte: UInt8(ascii: ",")) }
      out.write(id)
    }
    out.write("],\"connection_count\":")
    out.write(Int64(finding.connectionCount))
    out.write(",\"frames\":[")
    for (index, frame) in finding.frames.enumerated() {
      out.write(index > 0 ? ",{\"frame\":" : "{\"frame\":")
      out.write(frame.frame)
      out.write(",\"role\":")
      out.write(json: frame.role)
      out.write(byte: UInt8(ascii: "}"))
    }
    out.write("],\"time\":\"")
    out.write(finding.time)
    out.write("\",\"time_ns\":")
    out.write(finding.time.nanoseconds)
    out.write(",\"summary\":")
    out.write(json: finding.summary)
    out.write(",\"advice\":")
    out.write(json: finding.advice)
    out.write(",\"values\":{")
    for (index, value) in finding.values.enumerated() {
      if index > 0 { out.write(byte: UInt8(ascii: ",")) }
      out.write(json: value.name)
      out.write(byte: UInt8(ascii: ":"))
      write(value.value, to: &out)
    }
    out.write("},\"cost_seconds\":")
    out.write(json: finding.costSeconds)
    out.write(",\"cause\":")
    out.write(json: finding.causeKey)
    end(&out)
  }

  private func write(_ value: FindingValue, to out: inout OutputBuffer) {
    switch value {
    case .text(let text): out.write(json: text)
    case .integer(let number): out.write(number)
    case .seconds(let seconds): out.write(json: seconds)
    }
  }
}
