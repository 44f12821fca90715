/// A phrase for each value of a type that has few.
struct PhraseTable<Value: RawRepresentable<UInt8>>: Sendable {
  private let phrases: [Phrase]

  /// A table for values that are numbered from 0 on.
  ///
  /// - Parameter text: What is said for a value.
  init(_ text: (Value) -> String) {
    var phrases: [Phrase] = []
    while let value = Value(rawValue: UInt8(phrases.count)) { phrases.append(Phrase(text(value))) }
    self.phrases = phrases
  }

  subscript(value: Value) -> Phrase {
    @inline(__always) _read { yield phrases[Int(value.rawValue)] }
  }
}
