import PacketDecoding

extension OutputBuffer {
  /// Appends a JSON string (RFC 8259 §7), quotation marks included. Control characters, DEL
  /// included, are escaped.
  public mutating func write(json text: String) {
    write(byte: UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        write(byte: UInt8(ascii: "\\"))
        write(byte: byte)
      case UInt8(ascii: "\n"): write("\\n")
      case UInt8(ascii: "\r"): write("\\r")
      case UInt8(ascii: "\t"): write("\\t")
      case 0..<0x20, 0x7f:
        write("\\u00")
        write(hexadecimal: byte)
      default: write(byte: byte)
      }
    }
    write(byte: UInt8(ascii: "\""))
  }

  /// Appends an address as a JSON string.
  mutating func write(json address: IPAddress) {
    write(byte: UInt8(ascii: "\""))
    write(address)
    write(byte: UInt8(ascii: "\""))
  }

  /// Appends a frame number, or `null` for 0.
  mutating func write(jsonFrame frame: UInt64) {
    if frame == 0 {
      write("null")
    } else {
      write(frame)
    }
  }

  /// Appends a number of seconds that is not exact; `null` for what JSON cannot say.
  mutating func write(json seconds: Double?) {
    guard let seconds, seconds.isFinite, seconds.magnitude < 9e9 else {
      write("null")
      return
    }
    write(seconds: Int64((seconds * 1e9).rounded()))
  }

  /// Appends two hexadecimal digits.
  mutating func write(hexadecimal byte: UInt8) {
    for digit in [byte >> 4, byte & 0xf] {
      write(byte: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
