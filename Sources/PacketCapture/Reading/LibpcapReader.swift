internal import CLibpcap
internal import PacketDecoding

/// Frames of a file or pipe by way of libpcap: the reference, and for rare formats the only way.
struct LibpcapReader: ~Copyable, Sendable {
  private let handle: PcapHandle
  private var source: ByteSource
  private var copier = FrameCopier()
  /// What the last dispatch returned.
  private var outcome: Int32 = 0
  private let linkType: LinkType
  let snapLength: UInt32

  /// Reads a source that stands at the start of a capture.
  init(_ source: consuming ByteSource) throws(CaptureError) {
    let descriptor = try source.duplicate()
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    // The buffer has the size libpcap asks for.
    let opened = unsafe message.withUnsafeMutableBufferPointer { buffer in
      unsafe capture_open_descriptor(descriptor, buffer.baseAddress)
    }
    guard let opened = unsafe opened else {
      closeDescriptor(descriptor)
      throw LibpcapReader.refusal(String(terminated: message), source: source.name)
    }
    handle = unsafe PcapHandle(adopting: opened)
    self.source = source
    // The handle is open. pcap_snapshot() is never negative for a file.
    linkType = unsafe handle.withRaw {
      unsafe LinkType(dataLink: pcap_datalink($0))
    }
    snapLength = unsafe handle.withRaw { unsafe UInt32(bitPattern: pcap_snapshot($0)) }
  }

  var linkTypes: [LinkType] { [linkType] }

  /// Bytes of the file taken in so far, and its size where it has one.
  var progress: (read: UInt64, total: UInt64?) { source.position }

  /// Fills `batch` with the next frames and numbers them from `number`, which is advanced.
  ///
  /// - Returns: False at the end, with an empty batch.
  mutating func read(
    into batch: inout FrameBatch, number: inout UInt64
  ) throws(CaptureError) -> Bool {
    batch.count = 0
    while true {
      // An error comes once, together with the frames before it.
      guard outcome >= 0 || outcome == PCAP_ERROR_BREAK else { throw failure(after: number - 1) }
      outcome = copier.fill(
        &batch, from: handle, nanosecondStamps: true, linkType: linkType, number: &number)
      if batch.count > 0 { return true }
      if outcome == 0 {
        try source.checkEnd(afterFrame: number - 1)
        return false
      }
    }
  }

  private func failure(after frame: UInt64) -> CaptureError {
    CaptureError(.libpcap(handle.message, frame: frame), source: source.name)
  }

  private static func refusal(_ message: String, source: String) -> CaptureError {
    let kind: CaptureError.Kind =
      message.hasPrefix("unknown file format") ? .notACapture : .libpcap(message, frame: 0)
    return CaptureError(kind, source: source)
  }
}
