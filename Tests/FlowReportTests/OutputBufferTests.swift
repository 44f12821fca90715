import PacketDecoding
import Testing

@testable import FlowReport

@Suite("What is written into a buffer")
struct OutputBufferTests {
  private func text(_ body: (inout OutputBuffer) -> Void) -> String {
    OutputBuffer.text(body)
  }

  @Test(
    "Moments are RFC 3339 with all digits of the capture",
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"),
      (1_795_226_400_123_456_000, "2026-11-21T02:00:00.123456Z"),
      (1_795_226_400_123_456_789, "2026-11-21T02:00:00.123456789Z"),
      (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
      (-1, "1969-12-31T23:59:59.999999999Z"),
      (Int64.max, "2262-04-11T23:47:16.854775807Z"),
      (Int64.min, "1677-09-21T00:12:43.145224192Z"),
    ] as [(Int64, String)])
  func moments(nanoseconds: Int64, expected: String) {
    #expect(text { $0.write(CaptureTime(nanoseconds: nanoseconds)) } == expected)
  }

  @Test(
    "Durations in seconds are exact decimals",
    arguments: [
      (0, "0"), (1, "0.000000001"), (12_300_000, "0.0123"), (1_000_000_000, "1"),
      (-1_500_000_000, "-1.5"), (Int64.min, "-9223372036.854775808"),
    ] as [(Int64, String)])
  func seconds(nanoseconds: Int64, expected: String) {
    #expect(text { $0.write(seconds: nanoseconds) } == expected)
  }

  @Test(
    "Durations for people have a fitting unit",
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1_000, "1 µs"), (38_400, "38 µs"), (1_250_000, "1.3 ms"),
      (999_999_999, "999 ms"), (1_020_000_000, "1 s"), (59_990_000_000, "60 s"),
      (120_000_000_000, "2 min"), (303_000_000_000, "5 min 3 s"), (3_600_000_000_000, "1 h"),
      (Int64.min, "-2562047 h 47 min"),
    ] as [(Int64, String)])
  func durations(nanoseconds: Int64, expected: String) {
    #expect(text { $0.write(duration: nanoseconds) } == expected)
  }

  @Test(
    "Counts are decimal",
    arguments: [(0, "0"), (9, "9"), (10, "10"), (UInt64.max, "18446744073709551615")])
  func counts(number: UInt64, expected: String) {
    #expect(text { $0.write(number) } == expected)
  }

  @Test("Counts of every length are those of the standard library")
  func lengths() {
    var power: UInt64 = 1
    for _ in 0..<20 {
      for number in [power - 1, power, power + 1, power &* 9, power / 7] {
        #expect(text { $0.write(number) } == "\(number)")
        #expect(text { $0.write(-Int64(clamping: number)) } == "\(-Int64(clamping: number))")
      }
      power &*= 10
    }
  }

  @Test("Addresses are written as they describe themselves")
  func addresses() throws {
    for octet in [0, 9, 10, 99, 100, 255] as [UInt32] {
      for address in [octet << 24 | 0x01_0203, octet << 16 | 0x0a << 8, octet << 8, octet | 0xff00]
      {
        let address = IPAddress(ipv4: address)
        #expect(text { $0.write(address) } == address.description)
      }
    }
    for name in ["::", "::1", "2001:db8:1:2:3:4:5:6", "fe80::1:0:0:1"] {
      let address = try #require(IPAddress(name))
      #expect(text { $0.write(address) } == name)
    }
  }

  @Test("What is longer than a block, or ends beyond one, comes out whole and in order")
  func blocks() {
    var buffer = OutputBuffer()
    var expected = ""
    // Lengths that have no factor in common with that of a block.
    for round in 0..<300 {
      let long = String(repeating: "x", count: round * 37 % 9000)
      buffer.write(long)
      buffer.write("<the phrase of thirty-two bytes>" as Phrase)
      buffer.write(word: 0x3837_3635_3433_3231, count: round % 9)
      buffer.write(UInt64(round))
      buffer.write(byte: UInt8(ascii: "\n"))
      expected += "\(long)<the phrase of thirty-two bytes>\("12345678".prefix(round % 9))\(round)\n"
      #expect(buffer.count == expected.utf8.count)
    }
    #expect(buffer.text == expected)
    var other = OutputBuffer()
    other.write("before ")
    other.write(buffer)
    #expect(other.text == "before \(expected)")
    buffer.removeAll()
    #expect(buffer.count == 0)
    #expect(buffer.text.isEmpty)
  }

  @Test("Seconds are written anew when they change, before 1970 and after")
  func seconds() {
    var buffer = OutputBuffer()
    var expected = ""
    let day: Int64 = 86_400
    // Some share the place where their text is kept.
    for second in [0, 4, 0, -1, -4, day, 999_999_999, 1_000_000_000, 1_795_226_400, 4] as [Int64] {
      let time = CaptureTime(nanoseconds: second * 1_000_000_000 + 5_000)
      buffer.write(time)
      buffer.write(" ")
      buffer.write(timeOfDay: time)
      buffer.write(" ")
      buffer.compose(room: 64) { $0.put(nanoseconds: Moment(time), at: &$1) }
      buffer.write("\n")
      let whole = text { $0.write(time) }
      expected += "\(whole) \(whole.dropFirst(11).dropLast()) \(time.nanoseconds)\n"
    }
    #expect(buffer.text == expected)
    #expect(expected.hasPrefix("1970-01-01T00:00:00.000005Z 00:00:00.000005 5000\n"))
  }

  @Test("A day is written anew when it changes")
  func days() {
    let day: Int64 = 86_400_000_000_000
    let days = text { out in
      for moment in [0, day, 0, -1, 20_000 * day] {
        out.write(date: CaptureTime(nanoseconds: moment))
        out.write(" ")
      }
    }
    #expect(days == "1970-01-01 1970-01-02 1970-01-01 1969-12-31 2024-10-04 ")
  }

  @Test("Zeros in front fill a width, never more")
  func widths() {
    #expect(text { $0.write(7, width: 3) } == "007")
    #expect(text { $0.write(1234, width: 3) } == "1234")
    #expect(text { $0.write(0, width: 6) } == "000000")
  }

  @Test("JSON strings escape what could end them or a line")
  func escaping() {
    #expect(
      text { $0.write(json: "a\"b\\c\nd\u{1}\u{7f}é") } == #""a\"b\\c\nd\u0001\u007fé""#)
  }

  @Test("Numbers that JSON cannot say are null")
  func notNumbers() {
    for number in [Double.nan, .infinity, -.infinity, 1e300] {
      #expect(text { $0.write(json: number) } == "null")
    }
    #expect(text { $0.write(json: 0.25) } == "0.25")
  }

  @Test("Terminals get no control characters, HTML no tags")
  func otherEscaping() {
    #expect("x\u{1b}[31m\u{202e}y\n".escapedForTerminal == "x\\u{1b}[31m\\u{202e}y\\u{a}")
    #expect("<a href='x'>&\u{1}".escapedForHTML == "&lt;a href=&#39;x&#39;&gt;&amp;\u{FFFD}")
    #expect("Grüße → µ".escapedForTerminal == "Grüße → µ")
  }
}
