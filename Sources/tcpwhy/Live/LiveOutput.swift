import FlowReport
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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
    do {
      try descriptor.writeAll(buffer.bytes)
    } catch {
      failure = error as? Errno ?? .ioError
    }
  }

  /// Notes when the reader of a pipe has gone although there was nothing to write.
  mutating func checkReader() {
    var entry = pollfd(fd: descriptor.rawValue, events: 0, revents: 0)
    // One structure, and it outlives the call.
    let count = unsafe poll(&entry, 1, 0)
    if count > 0, entry.revents & Int16(POLLERR) != 0, failure == nil { failure = .brokenPipe }
  }
}
