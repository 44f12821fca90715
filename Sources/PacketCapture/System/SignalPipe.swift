internal import CLibpcap
package import SystemPackage

/// Signals as bytes in a pipe, so that one wait serves for them and for frames.
///
/// A signal that asks to end does so at once when it comes a second time.
package struct SignalPipe {
  /// Can be read when signals have come.
  package let descriptor: Int32

  /// Takes over signals for the rest of the process's life, once in it.
  ///
  /// - Parameters:
  ///   - ending: Those that ask to end.
  ///   - other: Those that ask for something else.
  package init(ending: [Int32], other: [Int32]) throws(Errno) {
    let descriptor = capture_open_signal_pipe()
    guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
    self.descriptor = descriptor
    for signal in ending { capture_catch_signal(signal, 1) }
    for signal in other { capture_catch_signal(signal, 0) }
  }

  /// The signals that have come since the last call, in order.
  package func take() -> [Int32] {
    var bytes = [UInt8](repeating: 0, count: 64)
    // Nothing to read is an error here: the pipe is not waited for.
    let count = (try? readDescriptor(descriptor, into: &bytes, at: 0..<64)) ?? 0
    return bytes.prefix(count).map { Int32($0) }
  }
}
