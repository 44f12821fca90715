public import FlowDiagnosis

/// The colours of the terminal output: escape sequences, or nothing when colour is off.
public struct Palette: Sendable {
  /// Whether escape sequences are written.
  public var isColored: Bool

  public init(isColored: Bool) {
    self.isColored = isColored
  }

  /// `text` in the colour of a severity.
  public func severity(_ severity: Severity, _ text: String) -> String {
    switch severity {
    case .error: wrap(text, "31;1")
    case .warning: wrap(text, "33;1")
    case .note: wrap(text, "36")
    }
  }

  /// `text` in bold.
  public func bold(_ text: String) -> String { wrap(text, "1") }

  /// `text` of less weight.
  public func faint(_ text: String) -> String { wrap(text, "2") }

  /// `text` struck out, for what did not happen.
  public func revoked(_ text: String) -> String { wrap(text, "9;2") }

  private func wrap(_ text: String, _ code: String) -> String {
    isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
