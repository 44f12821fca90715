/// Finds the names somebody may have meant.
public enum NearMiss {
  /// The names closest to what was typed, best first, three at most; none when nothing is close.
  public static func suggestions(for typed: String, among names: [String]) -> [String] {
    let typed = typed.lowercased()
    let scored = names.compactMap { name -> (name: String, distance: Int)? in
      if !typed.isEmpty, name.contains(typed) { return (name, 0) }
      let distance = distance(Array(typed.utf8.prefix(64)), Array(name.utf8.prefix(64)))
      return distance <= max(2, typed.utf8.count / 3) ? (name, distance) : nil
    }
    return scored.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  }

  /// The number of bytes to insert, delete or replace (Levenshtein).
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (place, other) in right.enumerated() {
        let replaced = diagonal + (byte == other ? 0 : 1)
        diagonal = row[place + 1]
        row[place + 1] = min(replaced, row[place] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
