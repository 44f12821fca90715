/// A TCP segment with what is below it, ready to be written.
struct Packet {
  var isIPv6 = false
  /// Hosts are numbers: the last four bytes of an address in 10/8, or in 2001:db8::/96.
  var source: UInt32 = 0
  var destination: UInt32 = 0
  var sourcePort: UInt16 = 0
  var destinationPort: UInt16 = 0
  var sequence: UInt32 = 0
  var acknowledgment: UInt32 = 0
  var flags: Flags = []
  var window: UInt16 = 0
  /// Bytes of data, all of them zero.
  var payload = 0
  /// 0: no timestamps option.
  var timestamp: UInt32 = 0
  var timestampEcho: UInt32 = 0
  /// On a SYN.
  var maximumSegment: UInt16 = 0
  var windowScale: UInt8?
  var permitsSACK = false
  /// Up to two blocks.
  var sacks: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  var sackCount = 0
  var timeToLive: UInt8 = 64
  var identification: UInt16 = 0
  /// 0: none.
  var vlan: UInt16 = 0
  /// What is wrong with the TCP checksum: nothing when 0.
  var checksumError: UInt16 = 0

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let fin = Flags(rawValue: 1)
    static let syn = Flags(rawValue: 2)
    static let rst = Flags(rawValue: 4)
    static let psh = Flags(rawValue: 8)
    static let ack = Flags(rawValue: 16)
  }

  /// What it takes of the sequence space.
  var length: UInt32 {
    UInt32(payload) &+ (flags.contains(.syn) ? 1 : 0) &+ (flags.contains(.fin) ? 1 : 0)
  }
}
