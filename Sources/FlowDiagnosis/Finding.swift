public import PacketDecoding

/// A fault, or something worth knowing, with the frames that prove it.
public struct Finding: Sendable {
  /// The id of the rule that made it.
  public var id: String
  public var severity: Severity
  public var confidence: Confidence
  /// Ids of the connections concerned, in ascending order; for what concerns many, the first ones.
  public var connections: [UInt64]
  /// How many connections are concerned, if more than `connections` lists.
  public var connectionCount: Int
  /// The frames that prove it, in order, with their role.
  public var frames: [FrameRole]
  /// When it happened: the time of the last frame of the proof.
  public var time: CaptureTime
  /// One sentence of cause, with addresses, frames and durations.
  public var summary: String
  /// What to do about it, for this very case: one or two sentences.
  public var advice: String
  /// What was measured, by name, in the order of the proof; without durations that nobody can know,
  /// for the capture's clock was set back.
  public var values: [(name: String, value: FindingValue)]
  /// Delay it added, seconds; nil where it cannot be said.
  public var costSeconds: Double?
  /// Findings with the same rule and the same key have the same cause: a listener, a path, a host.
  public var causeKey: String
  /// Every connection whose less specific findings this one makes superfluous; for the findings of
  /// ledgers, which `connections` need not list in full.
  var covers: Set<UInt64> = []
  /// The same, where they are too many to be listed.
  var coveredCalls: CoveredCalls?
  /// Ids that its rule supersedes, but this one does not.
  var spares: [String] = []
  /// What has to be in the capture for it to hold.
  var trust = Trust.frames

  /// What a proof rests on.
  enum Trust: Sendable {
    /// The frames named.
    case frames
    /// That every frame which passed was captured.
    case everyFrame
    /// That no answer came to what was repeated so many times.
    case silence(repetitions: Int)

    /// Whether it depends on what is known of the capture in the end only.
    var isConditional: Bool {
      if case .frames = self { return false }
      return true
    }
  }

  public init(
    id: String, severity: Severity, confidence: Confidence, connections: [UInt64],
    connectionCount: Int? = nil, frames: [FrameRole], time: CaptureTime, summary: String,
    advice: String, values: [(name: String, value: FindingValue)] = [],
    costSeconds: Double? = nil, causeKey: String = ""
  ) {
    self.id = id
    self.severity = severity
    self.confidence = confidence
    self.connections = connections
    self.connectionCount = connectionCount ?? connections.count
    self.frames = frames
    self.time = time
    self.summary = summary
    self.advice = advice
    self.values = values.filter { $0.value.isMeasured }
    self.costSeconds = costSeconds.flatMap { $0 >= 0 ? $0 : nil }
    self.causeKey = causeKey
  }
}

/// A frame of a proof and what it does there.
public struct FrameRole: Sendable, Equatable {
  public var frame: UInt64
  public var role: String

  public init(_ frame: UInt64, _ role: String) {
    self.frame = frame
    self.role = role
  }
}

/// A value measured for a finding.
public enum FindingValue: Sendable, Equatable {
  case text(String)
  case integer(Int64)
  /// A duration in seconds.
  case seconds(Double)

  /// Whether it is no duration below 0.
  fileprivate var isMeasured: Bool {
    if case .seconds(let seconds) = self { return seconds >= 0 }
    return true
  }
}
