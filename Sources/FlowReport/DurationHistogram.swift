/// How durations are distributed, in fixed space: each is counted in a class no wider than 1/32 of
/// its value.
public struct DurationHistogram: Sendable {
  /// Empty as long as nothing was counted.
  private var classes: [UInt64] = []
  /// Durations counted.
  public private(set) var count: UInt64 = 0
  /// The longest, nanoseconds; 0 for none.
  public private(set) var longest: Int64 = 0

  /// Classes per power of two.
  private static let steps = 32

  /// An empty histogram.
  public init() {}

  /// Counts a duration in nanoseconds; negative ones as 0.
  public mutating func count(_ nanoseconds: Int64) {
    if classes.isEmpty { classes = Array(repeating: 0, count: 64 * DurationHistogram.steps) }
    count += 1
    longest = max(longest, nanoseconds)
    classes[DurationHistogram.index(of: UInt64(max(0, nanoseconds)))] += 1
  }

  /// The duration that a share of all does not exceed, nanoseconds, rounded up to the end of its
  /// class; 0 for none.
  public func percentile(_ share: Double) -> Int64 {
    guard count > 0 else { return 0 }
    let rank = max(1, UInt64((Double(count) * min(max(share, 0), 1)).rounded(.up)))
    var seen: UInt64 = 0
    for (index, number) in classes.enumerated() where number > 0 {
      seen += number
      if seen >= rank { return min(longest, DurationHistogram.end(of: index)) }
    }
    return longest
  }

  private static func index(of value: UInt64) -> Int {
    guard value >= UInt64(steps) else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let fraction = Int(truncatingIfNeeded: value >> UInt64(exponent - 5)) & (steps - 1)
    return (exponent - 4) * steps + fraction
  }

  /// The last duration of a class.
  private static func end(of index: Int) -> Int64 {
    let next = index + 1
    guard next >= steps else { return Int64(index) }
    let exponent = next / steps + 4
    return Int64(clamping: UInt64(steps + next % steps) << UInt64(exponent - 5) - 1)
  }
}
