import Glibc

/// Runs a program with its output discarded; its exit status, or nil when it could not be run.
@discardableResult
func run(_ arguments: String...) -> Int32? {
  shell(arguments.map { "'" + $0 + "'" }.joined(separator: " "))
}

/// Runs a shell command with its output discarded; its exit status.
@discardableResult
func shell(_ command: String) -> Int32? {
  // The string outlives the call.
  let status = unsafe system("{ " + command + "\n} >/dev/null 2>&1")
  return status & 0x7f == 0 ? (status >> 8) & 0xff : nil
}

func isInstalled(_ program: String) -> Bool { shell("command -v " + program) == 0 }

var isRoot: Bool { geteuid() == 0 }
