internal import CLibpcap

/// A compiled filter; frees it when it goes.
///
/// Sendable because it never changes once compiled.
@safe final class BPFProgram: @unchecked Sendable {
  private var program: bpf_program

  /// Compiles an expression for the link type of a handle.
  init(_ expression: String, handle: borrowing PcapHandle) throws(CaptureError) {
    var compiled = unsafe bpf_program()
    // The program outlives the call and is freed below; without a netmask "ip broadcast" is the
    // only thing that cannot be said.
    let result = unsafe handle.withRaw { raw in
      unsafe pcap_compile(raw, &compiled, expression, 1, UInt32.max)
    }
    unsafe program = compiled
    guard result == 0 else {
      throw CaptureError(.badFilter(handle.message), source: expression)
    }
  }

  deinit {
    // Compiled, or empty when that failed: both may be freed.
    unsafe pcap_freecode(&program)
  }

  /// Lends the program for a call into libpcap.
  func withProgram<Result>(_ body: (UnsafeMutablePointer<bpf_program>) -> Result) -> Result {
    unsafe body(&program)
  }

  /// Whether the filter wants a frame.
  func matches(_ bytes: Span<UInt8>, originalLength: UInt32) -> Bool {
    // The interpreter stays within the captured length, which is the buffer's.
    let matched = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe withProgram { program in
        unsafe capture_filter_matches(
          program, buffer.baseAddress, UInt32(buffer.count), originalLength)
      }
    }
    return matched != 0
  }
}
