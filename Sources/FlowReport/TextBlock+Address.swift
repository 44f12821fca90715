import PacketDecoding

extension TextBlock {
  /// Puts the text of an address, 39 bytes at most.
  @inline(__always)
  mutating func put(_ address: IPAddress, at place: inout Int) {
    if address.isIPv4 {
      place = end(ofOctets: UInt32(truncatingIfNeeded: address.low), at: place)
    } else {
      put(text: address, at: &place)
    }
  }

  @inline(never)
  private mutating func put(text address: IPAddress, at place: inout Int) {
    var text: [UInt8] = []
    text.reserveCapacity(39)
    address.write(to: &text)
    put(text.span, at: &place)
  }

  /// Puts four numbers with points between. Returns the place after them.
  @inline(never)
  private mutating func end(ofOctets address: UInt32, at place: Int) -> Int {
    guard place >= 0, place <= TextBlock.capacity - 16 else { return place }
    let (first, second) = (OctetText(address >> 24), OctetText(address >> 16))
    set(first.text | second.text &<< first.bits, at: place)
    let middle = place &+ Int(truncatingIfNeeded: (first.bits &+ second.bits) / 8)
    let (third, fourth) = (OctetText(address >> 8), OctetText(address))
    set(third.text | fourth.text &<< third.bits, at: middle)
    return middle &+ Int(truncatingIfNeeded: (third.bits &+ fourth.bits) / 8) &- 1
  }
}

/// A number of a dotted address and the point after it.
private struct OctetText {
  /// The lower half is the text, the first byte the lowest, the upper one its bits.
  private let rawValue: UInt64

  /// - Parameter bits: The number in its low eight.
  @inline(__always)
  init(_ bits: UInt32) {
    rawValue = OctetText.all[Int(bits & 0xff)]
  }

  @inline(__always)
  var text: UInt64 { rawValue & 0xffff_ffff }

  @inline(__always)
  var bits: UInt64 { rawValue >> 32 }

  /// By number.
  private static let all = InlineArray<256, UInt64> { number in
    let text = Phrase("\(number).")
    return text.first | UInt64(8 * text.count) << 32
  }
}
