public import PacketDecoding

/// Several captures as one input in the order of time, numbered through: the pieces of a rotated
/// capture, or captures of two interfaces.
///
/// Files that overlap in time are merged by the time of the next frame of each, the first named
/// first where two are equal; files that do not are read one after the other, whatever the order
/// they were named in. The order within a file is never changed, so a single file comes out as it
/// is. Only files that overlap are open at the same time.
///
/// A file with something wrong is read as far as it goes, and the others go on: see `problems`.
public struct CaptureFileSet: ~Copyable, Sendable {
  /// What was wrong with the files so far, in the order it was met.
  public private(set) var problems: [CaptureError] = []

  /// Number of the next frame, from 1 over the whole input.
  public private(set) var nextFrameNumber: UInt64 = 1

  /// The link types seen so far, each once.
  public private(set) var linkTypes: [LinkType] = []

  /// The largest snap length of any interface seen so far, bytes; 0 for none.
  public private(set) var snapLength: UInt32 = 0

  /// Bytes of all files; nil when one of them is a pipe.
  public private(set) var totalBytes: UInt64? = 0

  private let reader: ReaderChoice
  private var waiting: [WaitingFile] = []
  private var open: [OpenFile] = []
  private var bytesOfFinished: UInt64 = 0

  /// Opens captures. With several, looks at the first frame of each.
  ///
  /// - Parameters:
  ///   - paths: The files; `-` is standard input.
  ///   - reader: Who reads them.
  public init(paths: [String], reader: ReaderChoice = .automatic) {
    self.reader = reader
    for (index, path) in paths.enumerated() {
      do throws(CaptureError) {
        let file = OpenFile(try CaptureFile(path: path, reader: reader), order: index)
        totalBytes = totalBytes.flatMap { sum in file.totalBytes.map { sum + $0 } }
        guard paths.count > 1 else {
          open.append(file)
          continue
        }
        let hasFrames = try file.fill()
        note(file)
        guard hasFrames else {
          bytesOfFinished += file.bytesRead
          continue
        }
        if file.totalBytes == nil {
          open.append(file)
        } else {
          waiting.append(WaitingFile(path: path, position: file.position))
        }
      } catch {
        problems.append(error)
      }
    }
    // In the order they are needed, the last one first.
    waiting.sort { $0.position > $1.position }
  }

  /// Bytes taken from the files so far, as they are stored.
  public var bytesRead: UInt64 { open.reduce(bytesOfFinished) { $0 + $1.bytesRead } }

  /// Fills `batch` with the next frames; what was in it is gone. Does not wait for a pipe while
  /// there are frames to hand over.
  ///
  /// - Returns: False at the end, with an empty batch.
  public mutating func read(into batch: inout FrameBatch) -> Bool {
    batch.removeAll()
    while true {
      while let index = open.firstIndex(where: { $0.isExhausted }) {
        if batch.count > 0, open[index].totalBytes == nil { return true }
        if open.count == 1, waiting.isEmpty, batch.count == 0 {
          if readLast(into: &batch) { return true }
        } else {
          refill(index)
        }
      }
      openWhatIsDue()
      guard let index = earliest() else { return batch.count > 0 }
      var limit = waiting.last?.position
      for other in open.indices where other != index {
        limit = min(limit ?? open[other].position, open[other].position)
      }
      guard open[index].move(to: &batch, before: limit, number: &nextFrameNumber) else {
        return true
      }
    }
  }

  /// Reads the only file left straight into the caller's batch; false at its end.
  private mutating func readLast(into batch: inout FrameBatch) -> Bool {
    let file = open[0]
    do throws(CaptureError) {
      if try file.read(into: &batch, number: &nextFrameNumber) {
        note(file)
        return true
      }
    } catch {
      problems.append(error)
    }
    close(0)
    return false
  }

  /// The open file with the earliest next frame.
  private func earliest() -> Int? {
    open.indices.min { open[$0].position < open[$1].position }
  }

  /// Opens the files whose first frame comes before the next one of those open.
  private mutating func openWhatIsDue() {
    while let file = waiting.last {
      if let index = earliest(), open[index].position < file.position { return }
      waiting.removeLast()
      do throws(CaptureError) {
        open.append(
          OpenFile(try CaptureFile(path: file.path, reader: reader), order: file.position.order))
        refill(open.count - 1)
      } catch {
        problems.append(error)
      }
    }
  }

  /// Reads more of an open file of which nothing waits, and closes it at its end.
  private mutating func refill(_ index: Int) {
    do throws(CaptureError) {
      if try open[index].fill() { return note(open[index]) }
    } catch {
      problems.append(error)
    }
    close(index)
  }

  private mutating func close(_ index: Int) {
    note(open[index])
    bytesOfFinished += open[index].bytesRead
    open.remove(at: index)
  }

  private mutating func note(_ file: OpenFile) {
    for type in file.linkTypes where !linkTypes.contains(type) { linkTypes.append(type) }
    snapLength = max(snapLength, file.snapLength)
  }
}

/// A file that is not due yet, and where its first frame belongs.
private struct WaitingFile: Sendable {
  let path: String
  let position: MergePosition
}
