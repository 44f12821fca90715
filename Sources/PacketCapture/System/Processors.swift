internal import CLibpcap

/// The processors of the machine.
package enum Processors {
  /// How many this process may run on.
  package static var available: Int { Int(capture_processors()) }
}
