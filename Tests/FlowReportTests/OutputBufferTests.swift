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
