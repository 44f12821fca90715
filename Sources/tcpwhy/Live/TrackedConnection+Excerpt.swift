import FlowDiagnosis
import TCPModel

extension TrackedConnection {
  /// The part of the connection that shows a finding: the frames of the proof, and a few before and
  /// after them.
  func excerpt(for finding: Finding, limit: Int = 24) -> TrackedConnection {
    guard segments.count > limit else { return self }
    let proof = Set(finding.frames.map(\.frame))
    let places = segments.indices.filter { proof.contains(segments[$0].frame) }
    let first = max(0, (places.first ?? 0) - 2)
    let last = min(segments.count, (places.last ?? segments.count - 1) + 3)
    var kept = segments[first..<last]
    if kept.count > limit {
      kept = segments[first..<first + limit / 2] + segments[last - limit / 2..<last]
    }
    var excerpt = self
    excerpt.segments = Array(kept)
    let frames = Set(kept.map(\.frame))
    excerpt.transitions.removeAll { $0.frame != 0 && !frames.contains($0.frame) }
    return excerpt
  }
}
