import FlowDiagnosis

/// What the end of a capture brings.
struct LiveConclusion {
  /// What had been pending and stands, and what all connections together show.
  var findings: [Finding]
  /// What became of that which does not stand as it was.
  var revisions: [Revision]
}
