import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Signals as bytes in a pipe, so that one wait serves for them and for frames.
///
/// A signal that asks to end does so at once when it comes a second time.
struct SignalPipe {
  /// Can be read when signals have come.
  let descriptor: Int32

  /// Takes over signals for the rest of the process's life.
  ///
  /// - Parameters:
  ///   - ending: Those that ask to end.
  ///   - other: Those that ask for something else.
  init(ending: [Int32], other: [Int32]) throws {
    let (read, write) = try FileDescriptor.pipe()
    for end in [read, write] {
      _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK)
      _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC)
    }
    descriptor = read.rawValue
    // Set before any handler is, and never again.
    unsafe signalPipeEnd = write.rawValue
    for signal in ending { SignalPipe.handle(signal, Int32(truncatingIfNeeded: SA_RESETHAND)) }
    for signal in other { SignalPipe.handle(signal, 0) }
    SignalPipe.unblock(ending + other)
  }

  /// Who started us may have had signals blocked, which is inherited.
  private static func unblock(_ signals: [Int32]) {
    var set = sigset_t()
    // The set outlives the calls.
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// The signals that have come since the last call, in order.
  func take() -> [Int32] {
    var bytes = [UInt8](repeating: 0, count: 64)
    // The buffer has the length given.
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe read(descriptor, buffer.baseAddress, buffer.count)
    }
    return count > 0 ? bytes.prefix(count).map { Int32($0) } : []
  }

  private static func handle(_ number: Int32, _ flags: Int32) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = noteSignal
    action.sa_flags = flags | SA_RESTART
    // The structure outlives the call.
    _ = unsafe sigaction(number, &action, nil)
  }
}

/// Where the handler writes to.
nonisolated(unsafe) private var signalPipeEnd: Int32 = -1

/// The handler: does nothing that is not allowed in one.
private func noteSignal(_ number: Int32) {
  let kept = errno
  var byte = UInt8(truncatingIfNeeded: number)
  // A full pipe holds signals enough.
  _ = unsafe write(signalPipeEnd, &byte, 1)
  errno = kept
}
