/// When a writer begins a new file, and how many it keeps.
public struct CaptureRotation: Sendable, Hashable {
  /// A file ends before it would grow beyond so many bytes.
  public var bytes: UInt64?
  /// A file ends with the first frame that comes so many seconds after its first one.
  public var seconds: Int?
  /// The most files that are kept, the oldest deleted; nil for all.
  public var keep: Int?

  public init(bytes: UInt64? = nil, seconds: Int? = nil, keep: Int? = nil) {
    self.bytes = bytes
    self.seconds = seconds
    self.keep = keep
  }

  /// The name of file `index`, from 0: `trace.pcap`, `trace-00001.pcap`, `trace-00002.pcap`, …
  static func name(_ path: String, index: Int) -> String {
    guard index > 0 else { return path }
    let digits = String(index)
    let number = "-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[start...].lastIndex(of: "."), dot > start else { return path + number }
    return path[..<dot] + number + path[dot...]
  }
}
