/// How sure a finding is.
public enum Confidence: UInt8, Comparable, Sendable, BitwiseCopyable, CaseIterable {
  /// Something else could look the same.
  case possible
  /// The packets fit, and nothing speaks against it.
  case likely
  /// The packets leave no other reading.
  case certain

  public static func < (left: Confidence, right: Confidence) -> Bool {
    left.rawValue < right.rawValue
  }

  /// One step less sure.
  public var lowered: Confidence { Confidence(rawValue: rawValue - min(rawValue, 1)) ?? .possible }
}

extension Confidence: CustomStringConvertible {
  public var description: String {
    switch self {
    case .possible: "possible"
    case .likely: "likely"
    case .certain: "certain"
    }
  }
}
