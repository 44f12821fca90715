internal import CLibpcap

/// The one owner of a libpcap handle; closes it when it goes.
///
/// Sendable because it is the only reference to a handle that knows nothing of threads: whoever
/// holds the value is the only one who can call into it.
@safe struct PcapHandle: ~Copyable, @unchecked Sendable {
  private let raw: OpaquePointer

  init(adopting handle: OpaquePointer) {
    unsafe raw = handle
  }

  deinit {
    // The handle is open: it was when it was adopted, and nothing else closes it.
    unsafe pcap_close(raw)
  }

  /// Lends the handle for a call into libpcap; it must not be kept or closed.
  borrowing func withRaw<Result>(_ body: (OpaquePointer) -> Result) -> Result {
    unsafe body(raw)
  }

  /// The last error libpcap noted, in its own words.
  var message: String {
    // pcap_geterr() points into the handle, which is alive, at a string that ends.
    unsafe String(cString: pcap_geterr(raw))
  }
}
