extension IPAddress: CustomStringConvertible {
  /// Dotted decimal for IPv4, the recommended form of RFC 5952 §4 for IPv6.
  public var description: String {
    var text: [UInt8] = []
    text.reserveCapacity(39)
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the text of the address: 2 to 39 ASCII characters.
  public func write(to text: inout [UInt8]) {
    if isIPv4 {
      writeIPv4(to: &text)
    } else {
      writeIPv6(to: &text)
    }
  }

  private func writeIPv4(to text: inout [UInt8]) {
    for index in 0..<4 {
      if index > 0 { text.append(UInt8(ascii: ".")) }
      let octet = UInt8(truncatingIfNeeded: low >> (24 - 8 * index))
      if octet >= 100 { text.append(UInt8(ascii: "0") + octet / 100) }
      if octet >= 10 { text.append(UInt8(ascii: "0") + octet / 10 % 10) }
      text.append(UInt8(ascii: "0") + octet % 10)
    }
  }

  private func writeIPv6(to text: inout [UInt8]) {
    let gap = longestZeroRun
    var index = 0
    while index < 8 {
      if index == gap.lowerBound, !gap.isEmpty {
        text.append(UInt8(ascii: ":"))
        text.append(UInt8(ascii: ":"))
        index = gap.upperBound
        continue
      }
      if index > 0, index != gap.upperBound || gap.isEmpty { text.append(UInt8(ascii: ":")) }
      writeHexadecimal(group(index), to: &text)
      index += 1
    }
  }

  /// One of the eight groups of 16 bits, 0 the first of the text.
  private func group(_ index: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (48 - 16 * (index & 3)))
  }

  /// The groups "::" stands for: the first of the longest runs of zeros, of two at least
  /// (RFC 5952 §4.2).
  private var longestZeroRun: Range<Int> {
    var longest = 0..<0
    var start = 0
    for index in 0..<8 {
      guard group(index) == 0 else {
        start = index + 1
        continue
      }
      if index + 1 - start > max(longest.count, 1) { longest = start..<index + 1 }
    }
    return longest
  }

  private func writeHexadecimal(_ group: UInt16, to text: inout [UInt8]) {
    var shift = group >= 0x1000 ? 12 : group >= 0x100 ? 8 : group >= 0x10 ? 4 : 0
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: group >> shift) & 0xf
      text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      shift -= 4
    }
  }
}
