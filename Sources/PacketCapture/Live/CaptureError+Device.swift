internal import CLibpcap

extension CaptureError {
  /// Why a device could not be opened, from what `pcap_activate` returned.
  init(activating device: String, _ code: Int32, message: String) {
    let kind: Kind =
      switch code {
      case PCAP_ERROR_NO_SUCH_DEVICE: .noSuchDevice
      case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED:
        .captureNotPermitted(missing: Privileges.missingCaptureCapabilities)
      case PCAP_ERROR_IFACE_NOT_UP: .deviceDown
      default: .libpcap(message.isEmpty ? libpcapText(code) : message, frame: 0)
      }
    self.init(kind, source: device)
  }

  /// Why a device that worked gave no more frames. libpcap tells it in words only.
  init(capturing device: String, message: String) {
    let text = message.lowercased()
    let kind: Kind =
      if text.contains("disappeared") || text.contains("no such device") {
        .deviceGone
      } else if text.contains("network is down") || text.contains("went down") {
        .deviceDown
      } else {
        .libpcap(message, frame: 0)
      }
    self.init(kind, source: device)
  }
}

/// What libpcap calls one of its error codes.
private func libpcapText(_ code: Int32) -> String {
  // The string is a constant of libpcap's, or its static buffer.
  unsafe String(cString: pcap_statustostr(code))
}
