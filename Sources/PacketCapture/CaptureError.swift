/// Why frames could not be had, for the person at the terminal: what failed, on what, what to do.
public struct CaptureError: Error, Hashable, Sendable {
  /// What went wrong.
  public var kind: Kind
  /// The file, `standard input`, or the device it happened on.
  public var source: String

  public init(_ kind: Kind, source: String) {
    self.kind = kind
    self.source = source
  }

  /// What went wrong.
  public enum Kind: Error, Hashable, Sendable {
    /// No such file.
    case notFound
    /// The file may not be read or written.
    case permissionDenied
    /// A folder where a file was expected.
    case isDirectory
    /// No bytes at all.
    case empty
    /// The content is no capture of any kind known.
    case notACapture
    /// The capture ends inside frame `frame`, which starts at byte `offset` of the file and
    /// lacks `missing` bytes. Frames before it were delivered.
    case truncated(frame: UInt64, offset: UInt64, missing: UInt64)
    /// The bytes at `offset`, where frame `frame` should be, contradict themselves. Frames before
    /// were delivered.
    case corrupt(frame: UInt64, offset: UInt64, what: String)
    /// A kind of capture that is known but not read here.
    case unsupported(String)
    /// The program that unpacks this compression is not installed.
    case decompressorMissing(String)
    /// The program that unpacks the file gave up after `frame` frames. Those were delivered.
    case decompressionFailed(program: String, frame: UInt64)
    /// The system refused: an `errno` value.
    case system(Int32, doing: String)
    /// No device of that name.
    case noSuchDevice
    /// The device is switched off.
    case deviceDown
    /// The device was taken away.
    case deviceGone
    /// Capturing needs privileges that the process lacks: names of capabilities, lower case.
    case captureNotPermitted(missing: [String])
    /// The filter expression is wrong, in libpcap's words. The source is the expression.
    case badFilter(String)
    /// No user of that name to take on.
    case noSuchUser
    /// Root could not be given up; nothing must be decoded.
    case privilegesKept(Int32, doing: String)
    /// libpcap gave up, in its own words, after `frame` frames.
    case libpcap(String, frame: UInt64)
  }
}
