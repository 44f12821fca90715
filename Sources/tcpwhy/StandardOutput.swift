import FlowReport
import SystemPackage

/// Standard output, written in large pieces. When nobody reads it any more, the process ends quietly.
struct StandardOutput {
  /// What is to be written next.
  var buffer = OutputBuffer(capacity: 2 * StandardOutput.piece)

  private static let piece = 128 * 1024

  /// Writes what has come together if it is worth a system call.
  mutating func drain() { StandardOutput.drain(&buffer) }

  /// Writes what has come together in a buffer if it is worth a system call.
  static func drain(_ buffer: inout OutputBuffer) {
    if buffer.settledCount >= StandardOutput.piece { flush(&buffer) }
  }

  /// Writes everything.
  mutating func flush() { StandardOutput.flush(&buffer) }

  private static func flush(_ buffer: inout OutputBuffer) {
    guard buffer.count > 0 else { return }
    buffer.settle()
    do {
      try FileDescriptor.standardOutput.writeAll(buffer.bytes)
    } catch Errno.brokenPipe {
      EndStatus.done.leave()
    } catch {
      StandardError.write(line: "tcpwhy: standard output: \(error)")
      EndStatus.unreadableInput.leave()
    }
    buffer.removeAll()
  }
}

/// Standard error: one line at a time, without a buffer.
enum StandardError {
  /// Writes a line.
  static func write(line: String) {
    write(line + "\n")
  }

  /// Writes text as it is. There is nothing to be done when that fails.
  static func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
  }
}
