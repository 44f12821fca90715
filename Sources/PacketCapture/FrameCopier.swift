internal import CLibpcap
internal import PacketDecoding

/// Takes frames over from libpcap: 256 at a time, copied in C.
struct FrameCopier: Sendable {
  private var records = [CaptureRecord](repeating: CaptureRecord(), count: 256)

  /// Fills `batch` with one dispatch.
  ///
  /// - Returns: What `pcap_dispatch` returned. Frames may have been taken before an error.
  mutating func fill(
    _ batch: inout FrameBatch, from handle: borrowing PcapHandle, nanosecondStamps: Bool,
    linkType: LinkType, number: inout UInt64
  ) -> Int32 {
    var copied: UInt32 = 0
    let result = unsafe batch.bytes.withUnsafeMutableBufferPointer { bytes in
      unsafe records.withUnsafeMutableBufferPointer { records in
        // Both arrays outlive the call, and the shim stays within the capacities given.
        unsafe handle.withRaw { handle in
          unsafe capture_fill_batch(
            handle, nanosecondStamps ? 1 : 0, bytes.baseAddress, UInt32(bytes.count),
            records.baseAddress, UInt32(records.count), &copied)
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
}

typealias CaptureRecord = capture_record

extension LinkType {
  /// The link type for a `DLT_` value of libpcap on this system. The two differ where systems
  /// had given a number different meanings.
  init(dataLink: Int32) {
    self =
      switch dataLink {
      case DLT_ATM_RFC1483: LinkType(rawValue: 100)
      case DLT_RAW: .raw
      default: LinkType(inFile: UInt32(bitPattern: dataLink))
      }
  }

  /// libpcap's `DLT_` value for it.
  var dataLink: Int32 {
    switch rawValue {
    case 100: DLT_ATM_RFC1483
    case 101: DLT_RAW
    default: Int32(clamping: rawValue)
    }
  }
}
