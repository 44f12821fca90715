import CFuzzer

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv

// libFuzzer's bytes outlive the call; the count is theirs.
let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { data, size in
  PipelineHarness.runOneForm(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
  return 0
}
