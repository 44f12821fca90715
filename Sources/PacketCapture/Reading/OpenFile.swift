internal import PacketDecoding

/// Where the next frame of a file belongs among the frames of several.
struct MergePosition: Comparable, Sendable {
  let time: CaptureTime
  /// Place of the file among those named.
  let order: Int

  static func < (left: MergePosition, right: MergePosition) -> Bool {
    (left.time, left.order) < (right.time, right.order)
  }
}

/// One file of a set while frames of it wait to be merged.
///
/// Sendable because a set, which cannot be copied, holds the only reference.
final class OpenFile: @unchecked Sendable {
  private var file: CaptureFile
  private var batch: FrameBatch?
  private var cursor = 0
  private var lastNumber: UInt64 = 0
  private let order: Int
  let totalBytes: UInt64?

  init(_ file: consuming CaptureFile, order: Int) {
    totalBytes = file.totalBytes
    self.file = file
    self.order = order
  }

  var linkTypes: [LinkType] { file.linkTypes }
  var snapLength: UInt32 { file.snapLength }
  var bytesRead: UInt64 { file.bytesRead }

  /// Whether no frame waits, so that more must be read.
  private(set) var isExhausted = true

  /// Where the frame that waits belongs; of no meaning when none does.
  private(set) var position = MergePosition(time: .epoch, order: 0)

  /// Reads the next batch, to be moved from; false at the end.
  func fill() throws(CaptureError) -> Bool {
    var next = batch.take() ?? FrameBatch()
    guard try file.read(into: &next) else { return false }
    cursor = 0
    isExhausted = false
    position = MergePosition(time: next.header(at: 0).time, order: order)
    batch = consume next
    return true
  }

  /// Reads straight into `target`, when nothing waits; false at the end.
  func read(into target: inout FrameBatch, number: inout UInt64) throws(CaptureError) -> Bool {
    batch = nil
    guard try file.read(into: &target) else { return false }
    let shift = number &- (lastNumber &+ 1)
    lastNumber = target.header(at: target.count - 1).number
    if shift != 0 { target.renumber(by: shift) }
    number = lastNumber &+ shift &+ 1
    return true
  }

  /// Copies frames that come before `limit` to `target`, numbered on from `number`.
  ///
  /// - Returns: False when `target` is full.
  func move(
    to target: inout FrameBatch, before limit: MergePosition?, number: inout UInt64
  ) -> Bool {
    var isFull = false
    switch batch {
    case .none: break
    case .some(let waiting):
      while cursor < waiting.count {
        var header = waiting.header(at: cursor)
        position = MergePosition(time: header.time, order: order)
        if let limit, limit < position { break }
        let inFile = header.number
        header.number = number &+ (inFile &- lastNumber &- 1)
        guard target.append(waiting.bytes[waiting.range(at: cursor)], header) else {
          isFull = true
          break
        }
        lastNumber = inFile
        number = header.number &+ 1
        cursor += 1
      }
      isExhausted = cursor == waiting.count
    }
    return !isFull
  }
}
