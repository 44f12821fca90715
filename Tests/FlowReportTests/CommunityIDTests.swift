import PacketDecoding
import Testing

@testable import FlowReport
@testable import TCPModel

@Suite("Community IDs")
struct CommunityIDTests {
  /// From the published test vectors of the specification, seed 0; the last three by Python's hashlib.
  @Test(
    "The id is the one Zeek and Suricata print",
    arguments: [
      ("128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
      ("66.35.250.204", 80, "128.232.110.120", 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
      ("2001:db8::1", 40000, "2001:db8::2", 443, "1:RYG3Msb11GthNt1OYXJouPzmrvA="),
      ("fe80::9", 443, "fe80::9", 65535, "1:LvVHThqDv3GvXvkW/XsWFMF7pCg="),
      ("255.255.255.255", 65535, "0.0.0.0", 1, "1:PYuwlVm1GPkHd07zcQ54i/JRkcc="),
    ] as [(String, UInt16, String, UInt16, String)])
  func vectors(
    source: String, sourcePort: UInt16, destination: String, destinationPort: UInt16,
    expected: String
  ) throws {
    var tracker = ConnectionTracker()
    var segment = Segment()
    segment.source = try #require(IPAddress(source))
    segment.destination = try #require(IPAddress(destination))
    segment.sourcePort = sourcePort
    segment.destinationPort = destinationPort
    segment.flags = .syn
    tracker.process(segment)
    tracker.finish()
    let settled = tracker.nextSettled()
    let tracked = try #require(settled)
    #expect(OutputBuffer.text { CommunityID.write(tracked.connection.key, to: &$0) } == expected)
  }

  @Test("Four at once are the same four")
  func four() throws {
    let addresses = try ["128.232.110.120", "2001:db8::1", "fe80::9", "255.255.255.255"].map {
      try #require(IPAddress($0))
    }
    let keys = InlineArray<4, FlowKey> {
      FlowKey(
        lowAddress: .unspecified, highAddress: addresses[$0], lowPort: UInt16($0), highPort: 443)
    }
    func text(_ id: Phrase) -> String { OutputBuffer.text { $0.write(id) } }
    let ids = CommunityID.texts(keys)
    #expect(Set(ids.indices.map { text(ids[$0]) }).count == 4)
    for index in ids.indices { #expect(text(ids[index]) == text(CommunityID.text(keys[index]))) }
  }

  /// "abc" from FIPS 180's examples; all bytes 0…54, the most that fits, nothing, and 55 bytes of ones by
  /// Python's hashlib.
  @Test("SHA-1 of four blocks")
  func digests() {
    let messages: [[UInt32]] = [
      [
        0x6162_6380, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000,
        0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000,
        0x0000_0000, 0x0000_0018,
      ],
      [
        0x0001_0203, 0x0405_0607, 0x0809_0a0b, 0x0c0d_0e0f, 0x1011_1213, 0x1415_1617, 0x1819_1a1b,
        0x1c1d_1e1f, 0x2021_2223, 0x2425_2627, 0x2829_2a2b, 0x2c2d_2e2f, 0x3031_3233, 0x3435_3680,
        0x0000_0000, 0x0000_01b8,
      ],
      [
        0x8000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000,
        0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000,
        0x0000_0000, 0x0000_0000,
      ],
      [
        0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff,
        0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ff80,
        0x0000_0000, 0x0000_01b8,
      ],
    ]
    let digests = SHA1.digests(InlineArray { word in SHA1.Words(messages.map { $0[word] }) })
    let expected: [[UInt32]] = [
      [0xa999_3e36, 0x4706_816a, 0xba3e_2571, 0x7850_c26c, 0x9cd0_d89d],
      [0x8ae2_d467, 0x29cf_e68f, 0xf927_af5e, 0xec9c_7d1b, 0x66d6_5ac2],
      [0xda39_a3ee, 0x5e6b_4b0d, 0x3255_bfef, 0x9560_1890, 0xafd8_0709],
      [0x4507_32ec, 0x1ec8_fc55, 0x94a2_9700, 0xe11c_37f0, 0x9622_ed72],
    ]
    for message in 0..<4 {
      #expect(digests.indices.map { digests[$0][message] } == expected[message])
    }
  }
}
