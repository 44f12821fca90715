import ArgumentParser

/// A length of time on the command line: `5s`, `500ms`, `10min`, `2h`, `1d`; seconds without a unit.
struct TimeLength: ExpressibleByArgument {
  var duration: Duration

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit: Double
    switch argument.dropFirst(digits.count) {
    case "ms": unit = 0.001
    case "", "s", "sec": unit = 1
    case "m", "min": unit = 60
    case "h": unit = 3600
    case "d": unit = 86_400
    default: return nil
    }
    guard let number = Double(digits), number > 0, number * unit <= 400 * 86_400,
      number * unit >= 0.001
    else { return nil }
    duration = .seconds(number * unit)
  }

  /// Whole nanoseconds.
  var nanoseconds: Int64 { Int64(duration / .nanoseconds(1)) }
}

/// When a new capture file is begun: `100MB`, `1h`, or both with a comma between.
struct RotationChoice: ExpressibleByArgument {
  var bytes: UInt64?
  var seconds: Int?

  init?(argument: String) {
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      if let count = RotationChoice.byteCount(part), bytes == nil {
        bytes = count
      } else if let length = TimeLength(argument: String(part)), seconds == nil,
        part.last?.isLetter == true, length.duration >= .seconds(1)
      {
        seconds = Int(length.duration / .seconds(1))
      } else {
        return nil
      }
    }
  }

  /// `100MB`, `64k`, `1G`; a unit is needed.
  private static func byteCount(_ text: Substring) -> UInt64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit: UInt64
    switch text.dropFirst(digits.count).lowercased() {
    case "k", "kb": unit = 1_000
    case "mb": unit = 1_000_000
    case "g", "gb": unit = 1_000_000_000
    default: return nil
    }
    guard let number = UInt64(digits), (1...1_000_000_000).contains(number) else { return nil }
    return number * unit
  }
}
