import PacketDecoding
import Testing

@testable import FlowReport

@Suite("The width of text")
struct TextWidthTests {
  /// What is written, once into a buffer and once to be measured.
  private func agree(
    _ text: (inout OutputBuffer) -> Void, _ width: (inout TextWidth) -> Void
  ) -> Bool {
    OutputBuffer.text(text).columns == TextWidth.of(width)
  }

  @Test("Counts, durations and sizes are as wide as their text")
  func numbers() {
    var power: UInt64 = 1
    for _ in 0..<20 {
      for number in [power - 1, power, power + 1, power &* 9, power / 7] {
        #expect(agree({ $0.write(number) }, { $0.write(number) }))
        #expect(
          agree(
            { $0.write(byteCount: number) }, { QuantityText.write(byteCount: number, to: &$0) }))
        for time in [Int64(clamping: number), -Int64(clamping: number)] {
          #expect(
            agree({ $0.write(duration: time) }, { QuantityText.write(duration: time, to: &$0) }))
        }
      }
      power &*= 10
    }
  }

  @Test(
    "Sockets are as wide as their text",
    arguments: ["0.0.0.0", "9.10.99.100", "255.255.255.255", "::", "2001:db8::1", "fe80::1:0:0:1"])
  func sockets(name: String) throws {
    let address = try #require(IPAddress(name))
    for port in [0, 9, 10, 65_535] as [UInt16] {
      #expect(agree({ $0.write(socket: (address, port)) }, { $0.write(socket: (address, port)) }))
    }
  }

  @Test("A character of several bytes is one column")
  func characters() {
    let phrase: Phrase = "a → µs"
    #expect(TextWidth.of { $0.write(phrase) } == 6)
  }

  @Test("Spaces are as many as asked for")
  func spaces() {
    for count in [-1, 0, 1, 31, 32, 33, 2000] {
      #expect(
        OutputBuffer.text { $0.write(spaces: count) }
          == String(repeating: " ", count: max(count, 0)))
    }
  }
}
