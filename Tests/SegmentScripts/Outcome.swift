package import TCPModel

extension Connection {
  /// What is known of the connection, as text: without where in memory it stood, and without what is
  /// told only of one that was followed segment by segment.
  package var outcome: String {
    let places: Set = ["segments", "transitions", "omitted", "meter", "tag"]
    return Mirror(reflecting: self).children.filter { !places.contains($0.label ?? "") }.map {
      guard let traits = $0.value as? ConnectionTraits else {
        return "\($0.label ?? "") \($0.value)"
      }
      return "\(traits.subtracting(.unsettledEvidence.union(.abridged)))"
    }.joined(separator: ", ")
  }
}

/// Where two series of outcomes begin to differ; nil if they do not.
package func firstDifference(_ one: [String], _ other: [String]) -> String? {
  if one == other { return nil }
  for (left, right) in zip(one, other) where left != right {
    let common = zip(left, right).prefix { $0 == $1 }.count
    return
      "\(left.dropFirst(max(0, common - 80)).prefix(160)) … \(right.dropFirst(common).prefix(80))"
  }
  return "\(one.count) connections and \(other.count)"
}
