public import PacketDecoding

/// Counts of frames that did not become segments, by reason.
public struct SkippedFrames: Sendable {
  /// Frames of something that is not TCP.
  public private(set) var notTCP: UInt64 = 0
  /// Fragments that did not complete their packet.
  public private(set) var fragments: UInt64 = 0
  private var problems = [UInt64](
    repeating: 0, count: SkippedFrames.layerCount * SkippedFrames.kindCount)

  private static let layerCount = Int(DecodeProblem.Layer.icmp.rawValue) + 1
  private static let kindCount = Int(DecodeProblem.Kind.badFragment.rawValue) + 1

  /// Nothing skipped yet.
  public init() {}

  /// Counts what a frame turned out to be, if it was not of use.
  public mutating func count(_ outcome: DecodeOutcome) {
    switch outcome {
    case .segment, .icmpError: break
    case .notTCP: notTCP += 1
    case .fragment: fragments += 1
    case .problem(let problem):
      let row = Int(problem.layer.rawValue) * SkippedFrames.kindCount
      problems[row + Int(problem.kind.rawValue)] += 1
    }
  }

  /// All frames skipped.
  public var total: UInt64 { problems.reduce(notTCP + fragments, +) }

  /// The reasons that occurred, most general first: a name for programs, one for people, and how
  /// many frames.
  public var reasons: [(name: String, text: String, count: UInt64)] {
    var reasons: [(name: String, text: String, count: UInt64)] = []
    if notTCP > 0 { reasons.append(("not-tcp", "not TCP", notTCP)) }
    if fragments > 0 { reasons.append(("fragment", "IP fragments", fragments)) }
    for (index, count) in problems.enumerated() where count > 0 {
      guard
        let layer = DecodeProblem.Layer(
          rawValue: UInt8(index / SkippedFrames.kindCount)),
        let kind = DecodeProblem.Kind(rawValue: UInt8(index % SkippedFrames.kindCount))
      else { continue }
      if layer == .link, kind == .unsupported {
        reasons.append(("link-type", "of a link type that is not supported", count))
      } else {
        reasons.append(
          ("\(layer.name)-\(kind.name)", "\(layer) header \(kind.text)", count))
      }
    }
    return reasons
  }
}

extension DecodeProblem.Layer {
  fileprivate var name: String {
    switch self {
    case .ipv6Extension: "ipv6-extension"
    case .tcpOptions: "tcp-options"
    default: description.lowercased()
    }
  }
}

extension DecodeProblem.Kind {
  fileprivate var name: String {
    switch self {
    case .cutBySnapLength: "cut"
    case .badLength: "bad-length"
    case .badHeader: "bad-header"
    case .unsupported: "unsupported"
    case .tooDeep: "too-deep"
    case .badFragment: "bad-fragment"
    }
  }

  fileprivate var text: String {
    switch self {
    case .cutBySnapLength: "cut by the snap length"
    case .badLength: "of an impossible length"
    case .badHeader: "impossible"
    case .unsupported: "of a form not supported"
    case .tooDeep: "too deeply nested"
    case .badFragment: "in fragments that do not fit"
    }
  }
}
