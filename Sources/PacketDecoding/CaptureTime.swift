/// The moment a frame passed the point of capture: nanoseconds since 1970-01-01 00:00:00 UTC.
///
/// A signed 64-bit count covers 1677-09-21 to 2262-04-11; readers clamp what lies outside.
public struct CaptureTime: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// Nanoseconds since the Unix epoch, negative before it.
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The epoch itself.
  public static var epoch: CaptureTime { CaptureTime(nanoseconds: 0) }

  @inlinable
  public static func < (left: CaptureTime, right: CaptureTime) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Nanoseconds from `earlier` to this moment, negative when it lies before; saturates instead of
  /// overflowing.
  @inlinable
  public func nanoseconds(since earlier: CaptureTime) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    return overflow ? (nanoseconds < 0 ? Int64.min : Int64.max) : difference
  }

  /// This moment moved by `offset` nanoseconds; saturates instead of overflowing.
  @inlinable
  public func advanced(byNanoseconds offset: Int64) -> CaptureTime {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(offset)
    return CaptureTime(nanoseconds: overflow ? (offset < 0 ? Int64.min : Int64.max) : sum)
  }
}
