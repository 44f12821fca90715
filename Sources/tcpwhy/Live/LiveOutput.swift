import FlowReport
import PacketCapture
import SystemPackage

/// Where the live view goes. That nobody reads it any more is noted and does not end the process:
/// a capture file may have to be completed.
struct LiveOutput {
  /// What is to be written next.
  var buffer = OutputBuffer(capacity: 64 * 1024)
  /// Why nothing can be written any more; nil while it can.
  private(set) var failure: Errno?
  private let descriptor: FileDescriptor

  init(_ descriptor: FileDescriptor = .standardOutput) {
    self.descriptor = descriptor
  }

  /// Writes everything.
  mutating func flush() {
    defer { buffer.removeAll() }
    guard failure == nil, buffer.count > 0 else { return }
    buffer.settle()
    do {
      try descriptor.writeAll(buffer.bytes)
    } catch {
      failure = error as? Errno ?? .ioError
    }
  }

  /// Notes when the reader of a pipe has gone although there was nothing to write.
  mutating func checkReader() {
    guard failure == nil, StandardStreams.hasNoReader(descriptor.rawValue) else { return }
    failure = .brokenPipe
  }
}
