import TCPModel
import Testing

@Suite struct SequenceNumberTests {
  @Test(
    "Order follows the shorter way round the circle",
    arguments: [
      (0, 1, true), (1, 0, false), (0, 0, false), (0xffff_ffff, 0, true), (0, 0xffff_ffff, false),
      (0, 0x7fff_ffff, true), (0x7fff_ffff, 0, false), (0x8000_0001, 0, true),
    ] as [(UInt32, UInt32, Bool)])
  func order(_ one: UInt32, _ other: UInt32, precedes: Bool) {
    #expect(SequenceNumber(one).precedes(SequenceNumber(other)) == precedes)
  }

  @Test("Numbers half the circle apart precede each other in neither direction")
  func opposite() {
    for start: UInt32 in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
      let one = SequenceNumber(start)
      let other = one + 0x8000_0000
      #expect(!one.precedes(other))
      #expect(!other.precedes(one))
    }
  }

  @Test("A range that wraps holds what lies on both sides of zero")
  func wrappingRange() {
    let start = SequenceNumber(0xffff_fff0)
    let end = SequenceNumber(0x10)
    #expect(SequenceNumber(0xffff_fff0).isWithin(start, end))
    #expect(SequenceNumber(0).isWithin(start, end))
    #expect(!SequenceNumber(0x10).isWithin(start, end))
    #expect(!SequenceNumber(0x8000_0000).isWithin(start, end))
    #expect(!SequenceNumber(5).isWithin(SequenceNumber(5), SequenceNumber(5)))
  }

  @Test("Timestamps compare modulo 2³²")
  func timestamps() {
    #expect(TimestampValue(0xffff_ffff).precedes(TimestampValue(3)))
    #expect(!TimestampValue(3).precedes(TimestampValue(0xffff_ffff)))
    #expect(TimestampValue(1).isWithin(TimestampValue(0xffff_fffe), TimestampValue(2)))
    #expect(!TimestampValue(3).isWithin(TimestampValue(0xffff_fffe), TimestampValue(2)))
  }
}
