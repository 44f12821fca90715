import CFuzzer
import Glibc

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv

// Set before the driver starts and used by its one thread only.
nonisolated(unsafe) let harness = FileHarness(path: "/dev/shm/tcpwhy-fuzzing-\(getpid())")

// libFuzzer's bytes outlive the call; the count is theirs.
let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { data, size in
  unsafe harness.run(Array(UnsafeBufferPointer(start: data, count: size)))
  return 0
}
