/// What the first acknowledgment of a FIN tells about which of its sendings arrived.
struct FINAnswer {
  /// The TSval of the segment that advanced the acknowledgment (RFC 7323 §4.3), if it has timestamps.
  var echo: TimestampValue?
  /// Whether the last sending that can have been answered was the first to arrive: another would be
  /// reported as a duplicate (RFC 2883), and the echo, if any, may be that of data before the FIN.
  var isToLast: Bool
}
