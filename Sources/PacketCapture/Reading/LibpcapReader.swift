internal import CLibpcap
internal import PacketDecoding

/// Frames of a file or pipe by way of libpcap: the reference, and for rare formats the only way.
struct LibpcapReader: ~Copyable, Sendable {
  private let handle: PcapHandle
  private let source: String
  private var records = [CaptureRecord](
    repeating: CaptureRecord(), count: LibpcapReader.batchSize)
  let linkType: LinkType
  let snapLength: UInt32

  private static let batchSize = 256

  /// Takes over `descriptor`, which stands at the start of a capture, also when it throws.
  init(descriptor: Int32, source: String) throws(CaptureError) {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    // The buffer has the size libpcap asks for.
    let opened = unsafe message.withUnsafeMutableBufferPointer { buffer in
      unsafe capture_open_descriptor(descriptor, buffer.baseAddress)
    }
    guard let opened = unsafe opened else {
      closeDescriptor(descriptor)
      throw LibpcapReader.refusal(String(terminated: message), source: source)
    }
    handle = unsafe PcapHandle(adopting: opened)
    self.source = source
    // The handle is open. pcap_snapshot() is never negative for a file.
    linkType = unsafe handle.withRaw {
      unsafe LinkType(rawValue: UInt32(bitPattern: pcap_datalink($0)))
    }
    snapLength = unsafe handle.withRaw { unsafe UInt32(bitPattern: pcap_snapshot($0)) }
  }

  /// Fills `batch` with the next frames and numbers them from `number`, which is advanced.
  ///
  /// - Returns: False at the end, with an empty batch.
  mutating func read(
    into batch: inout FrameBatch, number: inout UInt64
  ) throws(CaptureError) -> Bool {
    batch.count = 0
    while true {
      let result = fill(&batch, number: &number)
      if batch.count > 0 { return true }
      switch result {
      case 0: return false
      case PCAP_ERROR_BREAK: continue
      case PCAP_ERROR: throw failure(after: number - 1)
      default: return false
      }
    }
  }

  private mutating func fill(_ batch: inout FrameBatch, number: inout UInt64) -> Int32 {
    var copied: UInt32 = 0
    let result = unsafe batch.bytes.withUnsafeMutableBufferPointer { bytes in
      unsafe records.withUnsafeMutableBufferPointer { records in
        // Both arrays outlive the call, and the shim stays within the capacities given.
        unsafe handle.withRaw { handle in
          unsafe capture_fill_batch(
            handle, 1, bytes.baseAddress, UInt32(bytes.count), records.baseAddress,
            UInt32(records.count), &copied)
        }
      }
    }
    let count = Int(copied)
    for index in 0..<count {
      let record = records[index]
      batch.records[index] = FrameRecord(
        header: FrameHeader(
          number: number, time: CaptureTime(nanoseconds: record.nanoseconds),
          originalLength: record.original, linkType: linkType),
        offset: record.offset, length: record.captured)
      number += 1
    }
    batch.count = count
    return result
  }

  private func failure(after frame: UInt64) -> CaptureError {
    CaptureError(.libpcap(handle.message, frame: frame), source: source)
  }

  private static func refusal(_ message: String, source: String) -> CaptureError {
    let kind: CaptureError.Kind =
      message.hasPrefix("unknown file format") ? .notACapture : .libpcap(message, frame: 0)
    return CaptureError(kind, source: source)
  }
}

typealias CaptureRecord = capture_record
