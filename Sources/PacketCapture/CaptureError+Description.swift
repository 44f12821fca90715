internal import SystemPackage

extension CaptureError: CustomStringConvertible {
  /// One line: where, what, and what can be done about it.
  public var description: String { "\(source): \(reason)" }

  private var reason: String {
    switch kind {
    case .notFound:
      "no such file"
    case .permissionDenied:
      "permission denied; read it as root or as its owner"
    case .isDirectory:
      "is a directory; name the capture files in it"
    case .empty:
      "is empty, not even the header of a capture is there"
    case .notACapture:
      "is not a capture: neither pcap nor pcapng, nor one of them compressed"
    case .truncated(let frame, let offset, let missing):
      """
      cut off inside frame \(frame) at byte \(offset), \(missing) \(missing == 1 ? "byte" : "bytes") \
      missing; the frames before it were read
      """
    case .corrupt(let frame, let offset, let what):
      "damaged at byte \(offset), where frame \(frame) should be: \(what); the frames before were read"
    case .unsupported(let what):
      "\(what) cannot be read; convert it with editcap"
    case .decompressorMissing(let program):
      "is compressed, and \(program) to unpack it is not installed; install it or unpack the file"
    case .decompressionFailed(let program, let frame):
      "\(program) could not unpack it beyond frame \(frame); the frames before were read"
    case .system(let code, let doing):
      "\(doing) failed: \(Errno(rawValue: code))"
    case .noSuchDevice:
      "no such device; tcpwhy interfaces lists those there are"
    case .deviceDown:
      "the device is down; switch it on with: ip link set \(source) up"
    case .deviceGone:
      "the device is gone; what was captured until then stays good"
    case .captureNotPermitted(let missing):
      """
      capturing is not permitted, \(missing.joined(separator: " and ")) missing; run it as root, \
      or give the program the capability: setcap cap_net_raw,cap_net_admin+ep \
      \(CommandLine.arguments.first ?? "tcpwhy")
      """
    case .badFilter(let message):
      "not a filter: \(message)"
    case .noSuchUser:
      "no such user; name another one to run as"
    case .privilegesKept(let code, let doing):
      "root could not be given up, \(doing) failed: \(Errno(rawValue: code))"
    case .libpcap(let message, let frame):
      frame == 0 ? message : "\(message), after frame \(frame)"
    }
  }
}
