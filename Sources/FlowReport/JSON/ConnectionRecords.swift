public import TCPModel

/// Writes `connection` records, some at a time: what is handed over may wait for the next ones.
public struct ConnectionRecords: Sendable {
  private let writer: RecordWriter
  private var waiting = WaitingLines()

  /// Records as a writer writes them.
  public init(_ writer: RecordWriter) {
    self.writer = writer
  }

  /// Appends a record, or lets it wait.
  ///
  /// - Parameters:
  ///   - line: Passed by address, not changed.
  ///   - original: The connection that it is as well, on the other side of a NAT.
  public mutating func write(
    _ line: inout ConnectionLine, translationOf original: UInt64?, to out: inout OutputBuffer
  ) {
    if waiting.add(&line, translationOf: original) { finish(to: &out) }
  }

  /// Appends what waits. To be called before anything else is written, and at the end.
  public mutating func finish(to out: inout OutputBuffer) {
    waiting.takeAll { writer.write(&$0, $2, translationOf: $1, to: &out) }
  }
}
