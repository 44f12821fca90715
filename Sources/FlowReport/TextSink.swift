import PacketDecoding

/// Where text goes: into a buffer, or nowhere where only its width is asked for.
protocol TextSink {
  /// Takes a character of ASCII.
  mutating func write(byte: UInt8)
  /// Takes a count in decimal.
  mutating func write(_ number: UInt64)
  /// Takes a phrase.
  mutating func write(_ phrase: borrowing Phrase)
  /// Takes the text of an address.
  mutating func write(_ address: IPAddress)
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

extension OutputBuffer: TextSink {}

/// The columns that text takes on a terminal, if it holds no wide and no combining characters.
struct TextWidth: TextSink {
  private(set) var columns = 0

  /// The width of what `body` writes.
  @inline(__always)
  static func of(_ body: (inout TextWidth) -> Void) -> Int {
    var width = TextWidth()
    body(&width)
    return width.columns
  }

  @inline(__always)
  mutating func write(byte: UInt8) { columns &+= 1 }

  @inline(__always)
  mutating func write(_ number: UInt64) {
    columns &+= 1
    var rest = number
    while rest >= 1000 {
      rest /= 1000
      columns &+= 3
    }
    columns &+= rest < 10 ? 0 : rest < 100 ? 1 : 2
  }

  @inline(__always)
  mutating func write(_ phrase: borrowing Phrase) { columns &+= phrase.columns }

  @inline(__always)
  mutating func write(_ address: IPAddress) {
    guard address.isIPv4 else {
      columns &+= address.description.utf8.count
      return
    }
    for place in 0..<4 {
      let octet = UInt8(truncatingIfNeeded: address.low >> UInt64(8 * place))
      columns &+= octet < 10 ? 1 : octet < 100 ? 2 : 3
    }
    columns &+= 3
  }
}
