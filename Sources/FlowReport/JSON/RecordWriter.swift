public import FlowDiagnosis
public import TCPModel

/// Writes records as JSON lines: one object per line, described by `RecordSchema`.
public struct RecordWriter: Sendable {
  /// The version of the description, in every record.
  public static let schemaVersion = 1

  /// Which kinds of records are written.
  public var kinds: RecordKinds
  /// What every record says of the file it comes from, where each file is an input of its own.
  let file: [UInt8]

  /// - Parameters:
  ///   - kinds: Which kinds of records are written.
  ///   - file: The file to name in every record, nil where the files are one input.
  public init(_ kinds: RecordKinds = .all, file: String? = nil) {
    self.kinds = kinds
    if let file {
      var text = OutputBuffer()
      text.write(",\"file\":")
      text.write(json: file)
      self.file = text.bytes
    } else {
      self.file = []
    }
  }

  /// Appends what belongs to one connection: itself, its transitions, its findings.
  ///
  /// - Parameter original: The connection that it is as well, on the other side of a NAT.
  public func write(
    _ tracked: TrackedConnection, _ findings: [Finding], translationOf original: UInt64? = nil,
    to out: inout OutputBuffer
  ) {
    if kinds.contains(.connection) {
      var line = ConnectionLine(tracked.connection)
      write(&line, translationOf: original, to: &out)
    }
    if kinds.contains(.transition) {
      for transition in tracked.transitions {
        write(transition, of: tracked.connection, to: &out)
      }
    }
    write(findings, to: &out)
  }

  /// Appends findings.
  public func write(_ findings: [Finding], to out: inout OutputBuffer) {
    guard kinds.contains(.finding) else { return }
    for finding in findings { write(finding, to: &out) }
  }

  /// Begins a record of a kind.
  func begin(_ kind: String, to out: inout OutputBuffer) {
    out.write("{\"type\":\"")
    out.write(kind)
    out.write("\",\"schema\":1")
    if !file.isEmpty { out.write(bytes: file) }
  }

  /// Ends a record.
  func end(_ out: inout OutputBuffer) {
    out.write("}\n")
  }
}

/// The kinds of records.
public struct RecordKinds: OptionSet, Sendable {
  public var rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public static let connection = RecordKinds(rawValue: 1 << 0)
  public static let transition = RecordKinds(rawValue: 1 << 1)
  public static let finding = RecordKinds(rawValue: 1 << 2)
  public static let summary = RecordKinds(rawValue: 1 << 3)
  public static let all: RecordKinds = [.connection, .transition, .finding, .summary]

  /// The kinds with their names.
  public static let named: [(name: String, kind: RecordKinds)] = [
    ("connection", .connection), ("transition", .transition), ("finding", .finding),
    ("summary", .summary),
  ]
}
