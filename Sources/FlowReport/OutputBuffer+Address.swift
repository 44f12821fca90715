public import PacketDecoding

extension OutputBuffer {
  /// Appends the text of an address.
  public mutating func write(_ address: IPAddress) {
    if address.isIPv4 {
      writeOctets(UInt32(truncatingIfNeeded: address.low))
    } else {
      var text: [UInt8] = []
      text.reserveCapacity(39)
      address.write(to: &text)
      write(bytes: text)
    }
  }

  /// Appends four numbers with points between.
  private mutating func writeOctets(_ address: UInt32) {
    let (first, second) = (OctetText(address >> 24), OctetText(address >> 16))
    write(word: first.text | second.text &<< first.bits, count: first.count &+ second.count)
    let (third, fourth) = (OctetText(address >> 8), OctetText(address))
    write(word: third.text | fourth.text &<< third.bits, count: third.count &+ fourth.count &- 1)
  }
}

extension TextSink {
  /// Takes address and port: `10.0.0.5:41234`, or `[2001:db8::1]:443`.
  @inline(__always)
  mutating func write(socket: (address: IPAddress, port: UInt16)) {
    if socket.address.isIPv4 {
      write(socket.address)
    } else {
      write(byte: UInt8(ascii: "["))
      write(socket.address)
      write(byte: UInt8(ascii: "]"))
    }
    write(byte: UInt8(ascii: ":"))
    write(UInt64(socket.port))
  }
}

/// A number of a dotted address and the point after it: two to four bytes, the first the lowest.
private struct OctetText {
  let text: UInt64
  let count: Int

  /// - Parameter bits: The number in its low eight.
  @inline(__always)
  init(_ bits: UInt32) {
    let number = UInt64(bits & 0xff)
    let hundreds = number / 100
    let rest = number &- 100 &* hundreds
    let tens = rest / 10
    let digits = hundreds | tens << 8 | (rest &- 10 &* tens) << 16 | 0x2e30_3030
    count = number < 10 ? 2 : number < 100 ? 3 : 4
    text = digits &>> UInt64(truncatingIfNeeded: 8 &* (4 &- count))
  }

  @inline(__always)
  var bits: UInt64 { UInt64(truncatingIfNeeded: 8 &* count) }
}
