/// Durations and sizes in the unit people would use, to two or three digits.
enum QuantityText {
  /// A duration: `38 µs`, `1.2 ms`, `31 s`, `5 min 3 s`.
  static func write(duration nanoseconds: Int64, to sink: inout some TextSink) {
    let units = UnitPhrases.shared
    if nanoseconds < 0 { sink.write(byte: UInt8(ascii: "-")) }
    let length = nanoseconds.magnitude
    switch length {
    case ..<1_000:
      sink.write(length)
      sink.write(units.nanoseconds)
    case ..<1_000_000:
      write(tenthsOf: length, unit: 1_000, to: &sink)
      sink.write(units.microseconds)
    case ..<1_000_000_000:
      write(tenthsOf: length, unit: 1_000_000, to: &sink)
      sink.write(units.milliseconds)
    case ..<120_000_000_000:
      write(tenthsOf: length, unit: 1_000_000_000, to: &sink)
      sink.write(units.seconds)
    default:
      let seconds = length / 1_000_000_000
      if seconds < 3600 {
        write(
          seconds / 60, units.minutes, seconds % 60, units.seconds, to: &sink)
      } else {
        write(
          seconds / 3600, units.hours, seconds % 3600 / 60, units.minutes, to: &sink)
      }
    }
  }

  /// A count of bytes: `478 B`, `1.2 kB`, `31 MB`; a kilobyte has 1,000 bytes.
  static func write(byteCount: UInt64, to sink: inout some TextSink) {
    let units = UnitPhrases.shared
    switch byteCount {
    case ..<1_000:
      sink.write(byteCount)
      sink.write(units.bytes)
    case ..<1_000_000:
      write(tenthsOf: byteCount, unit: 1_000, to: &sink)
      sink.write(units.kilobytes)
    case ..<1_000_000_000:
      write(tenthsOf: byteCount, unit: 1_000_000, to: &sink)
      sink.write(units.megabytes)
    default:
      write(tenthsOf: byteCount, unit: 1_000_000_000, to: &sink)
      sink.write(units.gigabytes)
    }
  }

  /// Two numbers with their units, the second only where it is not 0.
  @inline(__always)
  private static func write(
    _ number: UInt64, _ unit: borrowing Phrase, _ rest: UInt64, _ restUnit: borrowing Phrase,
    to sink: inout some TextSink
  ) {
    sink.write(number)
    sink.write(unit)
    guard rest > 0 else { return }
    sink.write(byte: UInt8(ascii: " "))
    sink.write(rest)
    sink.write(restUnit)
  }

  /// One digit after the point below ten, none above.
  @inline(__always)
  private static func write(
    tenthsOf value: UInt64, unit: UInt64, to sink: inout some TextSink
  ) {
    if value / unit < 10 {
      let tenths = min(99, (value + unit / 20) / (unit / 10))
      sink.write(tenths / 10)
      if tenths % 10 > 0 {
        sink.write(byte: UInt8(ascii: "."))
        sink.write(tenths % 10)
      }
    } else {
      sink.write(min(999, (value + unit / 2) / unit))
    }
  }
}

/// The units, each with the space before it.
private final class UnitPhrases: Sendable {
  static let shared = UnitPhrases()

  let nanoseconds: Phrase = " ns"
  let microseconds: Phrase = " µs"
  let milliseconds: Phrase = " ms"
  let seconds: Phrase = " s"
  let minutes: Phrase = " min"
  let hours: Phrase = " h"
  let bytes: Phrase = " B"
  let kilobytes: Phrase = " kB"
  let megabytes: Phrase = " MB"
  let gigabytes: Phrase = " GB"
}
