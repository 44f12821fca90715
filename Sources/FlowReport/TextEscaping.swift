// Text from the input (file names, comments, names of interfaces) may hold anything. What could
// move a cursor, hide text or end a tag is shown as what it is.

extension String {
  /// The text without anything a terminal would act on: control characters, and characters that turn
  /// the direction of writing, appear as `\u{1b}`.
  public var escapedForTerminal: String {
    guard unicodeScalars.contains(where: \.isActive) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if scalar.isActive {
        text += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The text as HTML shows it, inside an element or a quoted attribute.
  public var escapedForHTML: String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      case _ where scalar.isActive: text += "\u{FFFD}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// Columns the text takes on a terminal, if it holds no wide and no combining characters.
  var columns: Int { unicodeScalars.count }

  /// The text followed by spaces up to a number of columns.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - columns))
  }

  /// The text behind spaces up to a number of columns.
  func paddedLeft(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - columns)) + self
  }
}

extension Unicode.Scalar {
  /// Whether a terminal acts on it: C0 and C1 controls, DEL, directional formatting, line and
  /// paragraph separators.
  fileprivate var isActive: Bool {
    switch value {
    case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}
