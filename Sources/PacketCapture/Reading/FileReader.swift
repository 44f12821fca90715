internal import PacketDecoding

/// Who reads a capture file: our own walk over its blocks, or libpcap.
enum FileReader: ~Copyable, Sendable {
  case blocks(BlockReader)
  case libpcap(LibpcapReader)

  var linkTypes: [LinkType] {
    switch self {
    case .blocks(let reader): reader.linkTypes
    case .libpcap(let reader): reader.linkTypes
    }
  }

  var snapLength: UInt32 {
    switch self {
    case .blocks(let reader): reader.snapLength
    case .libpcap(let reader): reader.snapLength
    }
  }

  /// Bytes of the file taken in so far, and its size where it has one.
  var progress: (read: UInt64, total: UInt64?) {
    switch self {
    case .blocks(let reader): reader.progress
    case .libpcap(let reader): reader.progress
    }
  }

  /// Fills `batch` with the next frames and numbers them from `number`, which is advanced.
  ///
  /// - Returns: False at the end, with an empty batch.
  mutating func read(
    into batch: inout FrameBatch, number: inout UInt64
  ) throws(CaptureError) -> Bool {
    // A payload cannot be changed in place: it is taken out and put back, whatever happens.
    switch consume self {
    case .blocks(var reader):
      let result = Result { () throws(CaptureError) in
        try reader.read(into: &batch, number: &number)
      }
      self = .blocks(reader)
      return try result.get()
    case .libpcap(var reader):
      let result = Result { () throws(CaptureError) in
        try reader.read(into: &batch, number: &number)
      }
      self = .libpcap(reader)
      return try result.get()
    }
  }
}
