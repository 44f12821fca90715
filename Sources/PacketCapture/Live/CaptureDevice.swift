internal import CLibpcap

/// A network device that can be captured on.
public struct CaptureDevice: Sendable, Hashable {
  /// The name to open it by.
  public var name: String
  /// What it is, in the system's words; empty when it says nothing.
  public var description: String
  /// Its IPv4 and IPv6 addresses as text, those of a link with their zone.
  public var addresses: [String]
  /// Whether it leads back to this host.
  public var isLoopback: Bool
  /// Whether it is switched on.
  public var isUp: Bool
  /// Whether it is ready to carry packets.
  public var isRunning: Bool

  /// The devices this process may open, in libpcap's order: the likely ones first.
  public static func list() throws(CaptureError) -> [CaptureDevice] {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    var first: UnsafeMutablePointer<pcap_if_t>?
    // The buffer has the size libpcap asks for.
    let result = unsafe message.withUnsafeMutableBufferPointer { buffer in
      unsafe pcap_findalldevs(&first, buffer.baseAddress)
    }
    guard result == 0 else {
      throw CaptureError(
        .libpcap(String(terminated: message), frame: 0), source: "listing devices")
    }
    // The list and its strings live until it is freed; everything is copied before.
    defer { unsafe pcap_freealldevs(first) }
    var devices: [CaptureDevice] = []
    var next = unsafe first
    while let device = unsafe next {
      devices.append(unsafe CaptureDevice(device.pointee))
      unsafe next = device.pointee.next
    }
    return devices
  }

  private init(_ device: pcap_if_t) {
    name = unsafe String(cString: device.name)
    description = unsafe device.description.map { unsafe String(cString: $0) } ?? ""
    let flags = unsafe device.flags
    isLoopback = flags & UInt32(PCAP_IF_LOOPBACK) != 0
    isUp = flags & UInt32(PCAP_IF_UP) != 0
    isRunning = flags & UInt32(PCAP_IF_RUNNING) != 0
    addresses = []
    var next = unsafe device.addresses
    while let entry = unsafe next {
      var text = [CChar](repeating: 0, count: 256)
      let length = UInt32(text.count)
      // The address belongs to the list; the buffer has the length given.
      let isKnown = unsafe text.withUnsafeMutableBufferPointer { buffer in
        unsafe capture_address_text(entry.pointee.addr, buffer.baseAddress, length)
      }
      if isKnown != 0 { addresses.append(String(terminated: text)) }
      unsafe next = entry.pointee.next
    }
  }
}
