extension IPAddress {
  /// Reads an address: dotted decimal (RFC 6943 §3.1.1, the strict form: four numbers without
  /// leading zeros) or any text form of RFC 4291 §2.2, in either case of letters. A zone such as
  /// `%eth0` is not part of an address.
  public init?(_ text: String) {
    var reader = AddressReader(text: Array(text.utf8))
    guard let address = reader.address() else { return nil }
    self = address
  }

  /// Whether this is an address of the host itself: 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1
  /// (RFC 4291 §2.5.3).
  public var isLoopback: Bool {
    isIPv4 ? low >> 24 & 0xff == 127 : high == 0 && low == 1
  }

  /// Whether this is 0.0.0.0 or ::, which stand for no address.
  public var isUnspecified: Bool {
    high == 0 && (low == 0 || low == 0xffff_0000_0000)
  }
}

/// Reads the text of one address.
private struct AddressReader {
  let text: [UInt8]
  var offset = 0

  /// The byte at `offset`, nil at the end.
  private var current: UInt8? { offset < text.count ? text[offset] : nil }

  /// Either form, the whole text.
  mutating func address() -> IPAddress? {
    let address = text.contains(UInt8(ascii: ":")) ? ipv6() : ipv4().map(IPAddress.init(ipv4:))
    return offset == text.count ? address : nil
  }

  /// Four decimal numbers with dots between.
  private mutating func ipv4() -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<4 {
      if index > 0 {
        guard current == UInt8(ascii: ".") else { return nil }
        offset += 1
      }
      guard let octet = octet() else { return nil }
      value = value << 8 | octet
    }
    return value
  }

  private mutating func octet() -> UInt32? {
    let start = offset
    var value: UInt32 = 0
    while let byte = current, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
      if offset > start, value == 0 { return nil }
      value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
      offset += 1
      if value > 255 { return nil }
    }
    return offset > start ? value : nil
  }

  /// Groups with colons between, at most one "::", the last two groups perhaps in dotted decimal.
  private mutating func ipv6() -> IPAddress? {
    var groups: [UInt16] = []
    var gap: Int?
    if skipColons(2) { gap = 0 }
    while offset < text.count {
      guard groups.count < 8 else { return nil }
      let start = offset
      guard let group = group() else { return nil }
      if current == UInt8(ascii: ".") {
        offset = start
        guard let ipv4 = ipv4(), offset == text.count else { return nil }
        groups.append(UInt16(truncatingIfNeeded: ipv4 >> 16))
        groups.append(UInt16(truncatingIfNeeded: ipv4))
        break
      }
      groups.append(group)
      if offset == text.count { break }
      if skipColons(2) {
        guard gap == nil else { return nil }
        gap = groups.count
      } else if !skipColons(1) || offset == text.count {
        return nil
      }
    }
    guard gap == nil ? groups.count == 8 : groups.count < 8 else { return nil }
    let zeros = Array(repeating: UInt16(0), count: 8 - groups.count)
    groups.insert(contentsOf: zeros, at: gap ?? groups.count)
    let words = groups.map(UInt64.init)
    return IPAddress(
      high: words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3],
      low: words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7])
  }

  /// One to four hexadecimal digits.
  private mutating func group() -> UInt16? {
    let start = offset
    var value: UInt16 = 0
    while offset - start < 4, let digit = current.flatMap(Self.hexadecimal) {
      value = value << 4 | digit
      offset += 1
    }
    return offset > start ? value : nil
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  private mutating func skipColons(_ count: Int) -> Bool {
    guard offset + count <= text.count else { return false }
    for index in offset..<offset + count where text[index] != UInt8(ascii: ":") { return false }
    offset += count
    return true
  }
}
