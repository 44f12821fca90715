import TCPModel

/// What the records of transitions say beside numbers and names.
final class TransitionPhrases: Sendable {
  static let shared = TransitionPhrases()

  let beginning: Phrase = "{\"type\":\"transition\",\"schema\":1"
  let connection: Phrase = ",\"connection\":"
  let endpoint: Phrase = ",\"endpoint\":\""
  let address = PhraseTable<Side> { "\($0)\",\"address\":\"" }
  let port: Phrase = "\",\"port\":"
  let from = PhraseTable<TCPState> { ",\"from\":\"\($0)\"" }
  let to = PhraseTable<TCPState> { ",\"to\":\"\($0)\"" }
  let time: Phrase = ",\"time\":\""
  let nanoseconds: Phrase = "\",\"time_ns\":"
  let frame: Phrase = ",\"frame\":"
  let evidence = PhraseTable<Evidence> { ",\"evidence\":\"\($0)\"" }
  let confirmedBy: Phrase = ",\"confirmed_by\":"
  let revokedBy: Phrase = ",\"revoked_by\":"
  let ending: Phrase = "}\n"
  /// The end of one that was neither confirmed nor revoked.
  let standing: InlineArray<2, Phrase> = Phrase.parts(
    of: ",\"confirmed_by\":null,\"revoked_by\":null}\n")
}
