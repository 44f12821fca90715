/// The part of a batch's block that holds bytes of the file not yet walked.
struct BlockWindow: Sendable {
  /// Where the next record starts in the block.
  var position = 0
  /// Where the bytes read so far end in the block.
  var end = 0
  /// Offset in the file of the block's first byte.
  var base: UInt64 = 0
  /// Bytes of the file that are of no interest and still to be passed over.
  var skip: UInt64 = 0

  /// Bytes from the next record on.
  var available: Int { end - position }

  /// Offset in the file of the next record.
  var offset: UInt64 { base + UInt64(position) }

  /// Passes over what is to be skipped, as far as it has been read.
  mutating func drain() {
    let step = Int(min(skip, UInt64(available)))
    position += step
    skip -= UInt64(step)
  }
}

/// Why a walk over the records in a block ended.
enum WalkEnd: Equatable {
  /// The next record takes at least this many bytes, more than have been read.
  case needs(Int)
  /// The batch has no room for another frame.
  case full
  /// The next record cannot be right.
  case failed(CaptureError.Kind)
}
