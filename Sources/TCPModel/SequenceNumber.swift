/// A number of TCP's 32-bit sequence space (RFC 9293 §3.4), in host byte order.
///
/// The space is a circle, so the type has no `<`. Comparisons are about the shorter way round; two
/// numbers exactly 2³¹ apart precede each other in neither direction, so that every comparison is
/// defined for every pair.
public struct SequenceNumber: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Steps from `origin` to this number: positive when it lies ahead, negative when behind.
  @inlinable
  public func distance(from origin: SequenceNumber) -> Int32 {
    Int32(bitPattern: rawValue &- origin.rawValue)
  }

  /// Whether this number comes before `other`.
  @inlinable
  public func precedes(_ other: SequenceNumber) -> Bool {
    other.distance(from: self) > 0
  }

  /// Whether this number is `other` or comes before it.
  @inlinable
  public func precedesOrEquals(_ other: SequenceNumber) -> Bool {
    self == other || precedes(other)
  }

  /// Whether this number lies in the half-open range [start, end), which may wrap.
  @inlinable
  public func isWithin(_ start: SequenceNumber, _ end: SequenceNumber) -> Bool {
    rawValue &- start.rawValue < end.rawValue &- start.rawValue
  }

  /// The number `count` steps ahead.
  @inlinable
  public static func + (number: SequenceNumber, count: UInt32) -> SequenceNumber {
    SequenceNumber(number.rawValue &+ count)
  }

  /// The number `count` steps behind.
  @inlinable
  public static func - (number: SequenceNumber, count: UInt32) -> SequenceNumber {
    SequenceNumber(number.rawValue &- count)
  }

  /// The later of two numbers.
  @inlinable
  public static func latest(_ one: SequenceNumber, _ other: SequenceNumber) -> SequenceNumber {
    one.precedes(other) ? other : one
  }
}
