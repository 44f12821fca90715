import FlowDiagnosis
import PacketCapture
import SystemPackage

/// How a live capture ended, as the shell and the person at the terminal see it.
struct Ending {
  var status = EndStatus.done
  /// What to say about it; nil for nothing.
  var line: String?
  /// The worst finding, nil for none.
  var worst: Severity?
}

extension CaptureError {
  /// Whether the command line was wrong.
  var isUsage: Bool {
    switch kind {
    case .badFilter, .noSuchUser: true
    default: false
    }
  }
}

/// When a live capture ends by itself, and how often it says how things stand.
struct LiveLimits {
  var frames: UInt64?
  var duration: Duration?
  var summary: Duration?
}

/// Why a live capture ended.
enum LiveEnding {
  /// What was asked for has been done: a signal, a count, a duration.
  case asked
  /// No more frames can be had.
  case noFrames(CaptureError)
  /// The capture file cannot be written.
  case noFile(CaptureError)
  /// Nobody reads what we say, or it cannot be written.
  case noOutput(Errno)
}

extension Ending {
  init(_ ending: LiveEnding, worst: Severity?) {
    self.worst = worst
    switch ending {
    case .asked: break
    case .noOutput(.brokenPipe): line = "nobody reads the output any more, the capture has ended"
    case .noFrames(let error), .noFile(let error):
      status = .unreadableInput
      line = "\(error)"
    case .noOutput(let code):
      status = .unreadableInput
      line = "the output: \(code)"
    }
  }
}
