/// How bad a finding is.
public enum Severity: UInt8, Comparable, Sendable, BitwiseCopyable, CaseIterable {
  /// Unusual but legal, or about the capture itself.
  case note
  /// The connection suffered, or a resource is running out.
  case warning
  /// The connection failed.
  case error

  public static func < (left: Severity, right: Severity) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension Severity: CustomStringConvertible {
  public var description: String {
    switch self {
    case .note: "note"
    case .warning: "warning"
    case .error: "error"
    }
  }
}
