internal import CLibpcap
internal import Glibc
internal import SystemPackage

/// A program of the system that unpacks a compressed capture as fast as it is read, no faster.
///
/// A file is handed to the program as it is. From a pipe the first bytes were taken to see what
/// it carries, so the rest is passed on by hand, waiting for both ends at once.
struct Unpacking: ~Copyable, Sendable {
  private let program: String
  private let process: pid_t
  /// The pipe its output comes from.
  let output: Int32
  private var feed: Int32
  private var pending: [UInt8]
  private var hasEnded = false
  private var failed = false

  private static let pumpLength = 64 * 1024

  /// Unpacks the file that `descriptor`, which stays the caller's, stands at the start of.
  init(_ compression: Compression, file descriptor: Int32, name: String) throws(CaptureError) {
    try self.init(compression, input: descriptor, pending: [], name: name)
  }

  /// Unpacks a pipe of which `beginning` has been read.
  init(_ compression: Compression, pipeBeginning beginning: [UInt8], name: String)
    throws(CaptureError)
  {
    try self.init(compression, input: -1, pending: beginning, name: name)
  }

  private init(_ compression: Compression, input: Int32, pending: [UInt8], name: String)
    throws(CaptureError)
  {
    var feed: Int32 = -1
    var output: Int32 = -1
    // The string and both integers outlive the call.
    let started = unsafe capture_start_unpacking(compression.program, input, &feed, &output)
    guard started > 0 else {
      let missing = started == -ENOENT
      throw CaptureError(
        missing
          ? .decompressorMissing(compression.program)
          : .system(-started, doing: "starting \(compression.program)"),
        source: name)
    }
    program = compression.program
    process = started
    self.output = output
    self.feed = feed
    self.pending = pending
  }

  deinit {
    if feed >= 0 { closeDescriptor(feed) }
    closeDescriptor(output)
    if !hasEnded {
      kill(process, SIGKILL)
      // Nothing is written but the status, which may be left out.
      waitpid(process, nil, 0)
    }
  }

  /// Reads what comes out of the program into `bytes`; 0 at its end.
  ///
  /// - Parameter source: The pipe to feed it from, when it was started with the pipe's beginning.
  mutating func read(
    into bytes: inout [UInt8], at range: Range<Int>, from source: Int32, passed: inout UInt64
  ) throws(Errno) -> Int {
    while feed >= 0 {
      let wantsInput = pending.isEmpty
      let ready = try waitUntilReady(
        reading: output, and: wantsInput ? source : nil, writing: wantsInput ? nil : feed)
      if ready.first { break }
      if !wantsInput, ready.writable {
        try pump()
      } else if wantsInput, ready.second {
        pending = [UInt8](repeating: 0, count: Unpacking.pumpLength)
        let length = try readDescriptor(source, into: &pending, at: 0..<pending.count)
        pending.removeLast(pending.count - length)
        passed += UInt64(length)
        if length == 0 { endFeed() }
      }
    }
    return try readDescriptor(output, into: &bytes, at: range)
  }

  /// Waits for the program to end; its name if it was not content with what it was given.
  mutating func failedProgram() -> String? {
    guard !hasEnded else { return failed ? program : nil }
    var status: Int32 = 0
    // The status outlives the call.
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    hasEnded = true
    let code = (status >> 8) & 0xff
    // gzip says 2 when it only had to warn of bytes behind the end.
    failed = status & 0x7f != 0 || !(code == 0 || (code == 2 && program == "gzip"))
    return failed ? program : nil
  }

  private mutating func pump() throws(Errno) {
    // The buffer is alive for the call and as long as is said.
    let sent = unsafe pending.withUnsafeBufferPointer { buffer in
      unsafe capture_send(feed, buffer.baseAddress, buffer.count)
    }
    if sent >= 0 {
      pending.removeFirst(sent)
    } else if errno != EAGAIN, errno != EINTR {
      // The program wants no more: what it has to say comes from its output and its status.
      endFeed()
    }
  }

  private mutating func endFeed() {
    closeDescriptor(feed)
    feed = -1
    pending = []
  }
}
