import PacketDecoding
import Testing

@Suite("IP addresses")
struct IPAddressTests {
  @Test(
    arguments: [
      ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
      ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
      ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
      ("0:0:1:0:0:0:1:0", "0:0:1::1:0"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
      ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("::ffff:192.0.2.1", "192.0.2.1"),
      ("fe80:0:0:0:0:0:0:abcd", "fe80::abcd"),
      (
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
      ),
      ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
      ("10.9.100.200", "10.9.100.200"),
    ])
  func `text goes in and comes out in the recommended form`(text: String, canonical: String) throws
  {
    let address = try #require(IPAddress(text))
    #expect(address.description == canonical)
    #expect(IPAddress(canonical) == address)
    var bytes = Array("to ".utf8)
    address.write(to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "to " + canonical)
  }

  @Test(
    arguments: [
      "", ":", ":::", "1:2:3", "1:2:3:4:5:6:7:8:9", "1::2::3", "::1:", ":1::", "12345::", "g::",
      "fe80::1%eth0", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", "1.2.3.4 ",
      "::1.2.3",
      "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8::", "::1.2.3.4:5", "-1.2.3.4",
    ])
  func `what is no address is refused`(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func `any address comes back from its text`() {
    var generator = SplitMix(seed: 3)
    for _ in 0..<20_000 {
      // Zero groups are what the text form is about.
      let mask = generator.next() & generator.next()
      let groups = (0..<8).map { mask >> $0 & 1 == 1 ? generator.next() & 0xffff : 0 }
      let address = IPAddress(
        high: groups[0] << 48 | groups[1] << 32 | groups[2] << 16 | groups[3],
        low: groups[4] << 48 | groups[5] << 32 | groups[6] << 16 | groups[7])
      #expect(IPAddress(address.description) == address)
    }
  }

  @Test func `loopback and unspecified`() throws {
    for text in ["127.0.0.1", "127.255.0.9", "::1"] { #expect(IPAddress(text)!.isLoopback) }
    for text in ["128.0.0.1", "::2", "1::1", "0.0.0.1"] { #expect(!IPAddress(text)!.isLoopback) }
    for text in ["0.0.0.0", "::"] { #expect(IPAddress(text)!.isUnspecified) }
    for text in ["0.0.0.1", "::1", "1::"] { #expect(!IPAddress(text)!.isUnspecified) }
  }
}
