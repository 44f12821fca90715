#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a run ended, as the shell sees it.
enum EndStatus: Int32, Error {
  /// Everything was done, with findings or without.
  case done = 0
  /// A finding as severe as `--fail-on` asks for was made.
  case foundFault = 1
  /// The command line makes no sense.
  case wrongUsage = 2
  /// An input could not be read, wholly or in part.
  case unreadableInput = 3
}

extension EndStatus {
  /// Ends the process.
  func leave() -> Never {
    exit(rawValue)
  }
}

/// Lets writes to a pipe nobody reads any more fail instead of killing the process.
func ignoreBrokenPipes() {
  _ = signal(SIGPIPE, SIG_IGN)
}
