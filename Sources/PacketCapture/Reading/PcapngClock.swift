internal import PacketDecoding

/// How an interface counts time: `if_tsresol` and `if_tsoffset` (pcapng §4.2).
struct PcapngClock: Sendable {
  private let unit: Unit
  /// Seconds to add.
  private let offset: Int64

  private enum Unit {
    /// So many nanoseconds.
    case multiple(UInt64)
    /// A nanosecond divided by that; 0 when it is too short for any stamp to matter.
    case fraction(UInt64)
    /// 2 to the minus that power of a second.
    case power(UInt8)
  }

  /// - Parameters:
  ///   - resolution: The option's byte: a negative power of ten, of two when the top bit is set.
  ///   - offset: Seconds to add to each stamp.
  init(resolution: UInt8, offset: Int64) {
    self.offset = offset
    let exponent = resolution & 0x7f
    unit =
      if resolution & 0x80 != 0 {
        .power(exponent)
      } else if exponent <= 9 {
        .multiple(PcapngClock.powerOfTen(9 - exponent))
      } else if exponent - 9 <= 19 {
        .fraction(PcapngClock.powerOfTen(exponent - 9))
      } else {
        .fraction(0)
      }
  }

  /// What a tick is worth where nothing else is to be known.
  var nanosecondsPerTick: UInt64? {
    if offset == 0, case .multiple(let factor) = unit { factor } else { nil }
  }

  /// The moment a stamp means, clamped to what `CaptureTime` covers.
  func time(_ ticks: UInt64) -> CaptureTime {
    if let factor = nanosecondsPerTick {
      let (product, overflow) = ticks.multipliedReportingOverflow(by: factor)
      return CaptureTime(nanoseconds: overflow ? Int64.max : Int64(clamping: product))
    }
    let sinceOffset: Int128 =
      switch unit {
      case .multiple(let factor): Int128(ticks) * Int128(factor)
      case .fraction(let divisor): divisor == 0 ? 0 : Int128(ticks / divisor)
      case .power(let exponent): (Int128(ticks) * 1_000_000_000) >> Int128(exponent)
      }
    return CaptureTime(
      nanoseconds: Int64(clamping: sinceOffset + Int128(offset) * 1_000_000_000))
  }

  private static func powerOfTen(_ exponent: UInt8) -> UInt64 {
    var power: UInt64 = 1
    for _ in 0..<exponent { power *= 10 }
    return power
  }
}
