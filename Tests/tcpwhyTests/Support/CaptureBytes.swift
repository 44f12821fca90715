/// Captures made byte by byte.
enum CaptureBytes {
  /// A pcap file with frames of one link type, a millisecond apart; the last one later if asked.
  static func pcap(
    linkType: UInt32 = 1, _ frames: [[UInt8]], lastAfter seconds: UInt32 = 0
  ) -> [UInt8] {
    var bytes = little(0xa1b2_c3d4) + [2, 0, 4, 0] + little(0) + little(0) + little(65_535)
    bytes += little(linkType)
    for (index, frame) in frames.enumerated() {
      let late = index == frames.count - 1 ? seconds : 0
      bytes += little(1_795_226_400 + late) + little(UInt32(index) * 1000)
      bytes += little(UInt32(frame.count)) + little(UInt32(frame.count)) + frame
    }
    return bytes
  }

  /// A handshake that a reset refuses: SYN, RST,ACK.
  static let refusal = pcap([
    segment(fromClient: true, flags: 0x02, sequence: 1000, acknowledgment: 0),
    segment(fromClient: false, flags: 0x14, sequence: 0, acknowledgment: 1001),
  ])

  /// A SYN, SYN,ACK and ACK.
  static let handshake = pcap([
    segment(fromClient: true, flags: 0x02, sequence: 1000, acknowledgment: 0),
    segment(fromClient: false, flags: 0x12, sequence: 5000, acknowledgment: 1001),
    segment(fromClient: true, flags: 0x10, sequence: 1001, acknowledgment: 5001),
  ])

  /// A TCP segment without payload in IPv4 on Ethernet; checksums left at zero.
  static func segment(
    fromClient: Bool, flags: UInt8, sequence: UInt32, acknowledgment: UInt32,
    clientPort: [UInt8] = [0x9c, 0x40]
  ) -> [UInt8] {
    let (client, server): ([UInt8], [UInt8]) = ([192, 0, 2, 5], [192, 0, 2, 9])
    let serverPort: [UInt8] = [0, 80]
    var bytes = [UInt8](repeating: 2, count: 12) + [0x08, 0x00]
    bytes += [0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0]
    bytes += fromClient ? client + server : server + client
    bytes += fromClient ? clientPort + serverPort : serverPort + clientPort
    bytes += big(sequence) + big(acknowledgment) + [0x50, flags, 0xff, 0xff, 0, 0, 0, 0]
    return bytes
  }

  private static func little(_ value: UInt32) -> [UInt8] { Array(big(value).reversed()) }

  private static func big(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
