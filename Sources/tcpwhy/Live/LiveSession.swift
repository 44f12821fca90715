import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import SystemPackage
import TCPModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A live capture from the first frame to the report: waits for frames, signals and its own times in
/// one place.
struct LiveSession<View: LiveView>: ~Copyable {
  private var capture: LiveCapture
  private var writer: CaptureWriter?
  private var analysis: LiveAnalysis
  private var view: View
  private var output: LiveOutput
  private let signals: SignalPipe
  private let limits: LiveLimits
  private var batch = FrameBatch()
  private var ending: LiveEnding?
  private let clock = ContinuousClock()
  private var nextTick: ContinuousClock.Instant
  private var lastSummary: ContinuousClock.Instant
  private var lastCauses: ContinuousClock.Instant
  private let end: ContinuousClock.Instant?

  private static var tick: Duration { .milliseconds(500) }
  /// Frames stay in the kernel's ring for a block's time; the clock of the connections must not
  /// overtake them.
  private static var lag: Int64 { 500_000_000 }

  init(
    capture: consuming LiveCapture, writer: consuming CaptureWriter?,
    analysis: consuming LiveAnalysis, view: View, output: LiveOutput, signals: SignalPipe,
    limits: LiveLimits
  ) {
    self.capture = capture
    self.writer = writer
    self.analysis = analysis
    self.view = view
    self.output = output
    self.signals = signals
    self.limits = limits
    let now = clock.now
    nextTick = now + Self.tick
    lastSummary = now
    lastCauses = now
    end = limits.duration.map { now + $0 }
  }

  /// The worst finding so far, nil for none.
  var worstSeverity: Severity? { analysis.totals.worstSeverity }

  /// Captures until something ends it, then shows the report.
  mutating func run() -> LiveEnding {
    while ending == nil {
      let isIdle = !read(waiting: timeToWait)
      handleSignals()
      if let end, clock.now >= end, ending == nil { stop() }
      if clock.now >= nextTick { tick(isIdle: isIdle) }
    }
    finish()
    return ending ?? .asked
  }

  /// Milliseconds until something is to be done without a frame.
  private var timeToWait: Int {
    let next = min(nextTick, end ?? nextTick)
    let left = next - clock.now
    return left <= .zero ? 0 : Int(left / .milliseconds(1)) + 1
  }

  /// Takes one batch; false when there was none.
  private mutating func read(waiting milliseconds: Int, until time: CaptureTime? = nil) -> Bool {
    do throws(CaptureError) {
      guard
        try capture.read(
          into: &batch, waiting: milliseconds, orUntilReadable: signals.descriptor)
      else { return false }
    } catch {
      ending = ending ?? .noFrames(error)
      return false
    }
    if let limit = limits.frames, capture.nextFrameNumber > limit + 1 {
      batch.keep { _, header in header.number <= limit }
    }
    if let time { batch.keep { _, header in header.time <= time } }
    save()
    analysis.take(batch)
    analysis.tell(&view, to: &output.buffer)
    flush()
    if let limit = limits.frames, capture.nextFrameNumber > limit { ending = ending ?? .asked }
    return true
  }

  /// Writes the batch into the capture file.
  private mutating func save() {
    do throws(CaptureError) {
      try writer?.write(batch)
    } catch {
      writer = nil
      ending = ending ?? .noFile(error)
    }
  }

  private mutating func handleSignals() {
    for signal in signals.take() {
      switch signal {
      case SIGUSR1:
        askKernel()
        StandardError.write(line: "tcpwhy: \(analysis.counters)")
      case SIGWINCH:
        view.redraw(to: &output.buffer)
        flush()
      case SIGTSTP:
        view.pause(to: &output.buffer)
        flush()
        // Comes back when the shell says so.
        kill(getpid(), SIGSTOP)
        view.redraw(to: &output.buffer)
        flush()
      default: if ending == nil { stop() }
      }
    }
  }

  /// Ends as asked, once what the kernel had captured by now has been read.
  private mutating func stop() {
    let time = WallClock.now
    let deadline = clock.now + .milliseconds(250)
    while ending == nil, clock.now < deadline {
      _ = read(waiting: 50, until: time)
      if batch.count == 0, analysis.now > time { break }
    }
    ending = ending ?? .asked
  }

  /// What is done every half second.
  private mutating func tick(isIdle: Bool) {
    let now = clock.now
    nextTick = now + Self.tick
    askKernel()
    if isIdle { analysis.advance(to: WallClock.now.advanced(byNanoseconds: -Self.lag)) }
    analysis.tell(&view, to: &output.buffer)
    if now - lastCauses >= .seconds(10) {
      lastCauses = now
      analysis.tellCauses(&view, to: &output.buffer)
    }
    if let interval = limits.summary, now - lastSummary >= interval - .milliseconds(50) {
      let summary = analysis.summary(after: now - lastSummary)
      lastSummary = now
      view.show(summary, now: analysis.now, to: &output.buffer)
    }
    do throws(CaptureError) {
      try writer?.flush()
    } catch {
      writer = nil
      ending = ending ?? .noFile(error)
    }
    output.checkReader()
    flush()
  }

  private mutating func askKernel() {
    // A device that is gone is told when it is read.
    if let statistics = try? capture.statistics() { analysis.note(statistics) }
  }

  private mutating func flush() {
    output.flush()
    if let failure = output.failure { ending = ending ?? .noOutput(failure) }
  }

  private mutating func finish() {
    askKernel()
    analysis.finish(&view, to: &output.buffer)
    flush()
    do throws(CaptureError) {
      try writer?.flush()
    } catch {
      if case .asked = ending { ending = .noFile(error) }
    }
  }
}
