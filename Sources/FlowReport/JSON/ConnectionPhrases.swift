import FlowDiagnosis
import TCPModel

/// What the records of connections say beside numbers and names.
final class ConnectionPhrases: Sendable {
  static let shared = ConnectionPhrases()

  let beginning: Phrase = "{\"type\":\"connection\",\"schema\":1"
  let id: Phrase = ",\"id\":"
  let incarnation: Phrase = ",\"incarnation\":"
  let previous: Phrase = ",\"previous\":"
  /// Of a 4-tuple's first incarnation.
  let first: Phrase = ",\"incarnation\":1,\"previous\":null"
  let communityID: Phrase = ",\"community_id\":\""
  let client: Phrase = "\",\"client\":{\"address\":\""
  let server: Phrase = ",\"server\":{\"address\":\""
  let clientKnown: Phrase = ",\"client_known\":true"
  let clientUnknown: Phrase = ",\"client_known\":false"
  let firstFrame: Phrase = ",\"first_frame\":"
  let lastFrame: Phrase = ",\"last_frame\":"
  let firstTime: Phrase = ",\"first_time\":\""
  let firstNanoseconds: Phrase = "\",\"first_time_ns\":"
  let lastTime: Phrase = ",\"last_time\":\""
  let lastNanoseconds: Phrase = "\",\"last_time_ns\":"
  let opened = PhraseTable<Opening> { ",\"opened\":\"\($0)" }
  let handshake: Phrase = "\",\"handshake_seconds\":"
  let activeCloser = PhraseTable<Closer> {
    ",\"active_closer\":" + ($0 == .none ? "null" : "\"\($0)\"")
  }
  private let vantages = ConnectionVantage.allCases.map {
    Phrase(",\"vantage\":\"\($0.rawValue)\"")
  }
  private let ends = ConnectionEnd.allCases.map { Phrase(",\"end\":\"\($0.rawValue)\"}\n") }

  // MARK: An endpoint

  let port: Phrase = "\",\"port\":"
  let state: Phrase = ",\"state\":\""
  let packets = PhraseTable<TCPState> { "\($0)\",\"packets\":" }
  let bytes: Phrase = ",\"bytes\":"
  let payloadBytes: Phrase = ",\"payload_bytes\":"
  /// Of less than ten SYNs, FINs and RSTs each.
  private let fewFlags: Phrase = ",\"syn\":0,\"fin\":0,\"rst\":0"
  let syn: Phrase = ",\"syn\":"
  let fin: Phrase = ",\"fin\":"
  let rst: Phrase = ",\"rst\":"
  let retransmissions: Phrase = ",\"retransmissions\":"
  let spuriousRetransmissions: Phrase = ",\"spurious_retransmissions\":"
  let outOfOrder: Phrase = ",\"out_of_order\":"
  let duplicateAcknowledgments: Phrase = ",\"duplicate_acks\":"
  let zeroWindows: Phrase = ",\"zero_windows\":"
  let keepAlives: Phrase = ",\"keepalives\":"
  let invalidChecksums: Phrase = ",\"bad_checksums\":"
  let captureDuplicates: Phrase = ",\"capture_duplicates\":"
  /// From retransmissions on, where there are none of all these.
  let flawless: InlineArray<5, Phrase> = Phrase.parts(
    of: """
      ,"retransmissions":0,"spurious_retransmissions":0,"out_of_order":0,"duplicate_acks":0,\
      "zero_windows":0,"keepalives":0,"bad_checksums":0,"capture_duplicates":0}
      """)

  // MARK: Phrases with values in them

  func vantage(_ vantage: ConnectionVantage) -> Phrase {
    switch vantage {
    case .client: vantages[0]
    case .server: vantages[1]
    case .between: vantages[2]
    case .loopback: vantages[3]
    case .unknown: vantages[4]
    }
  }

  func end(_ end: ConnectionEnd) -> Phrase { ends[end.index] }

  /// SYNs, FINs and RSTs of an endpoint, nil where there are ten or more of one.
  func flags(_ endpoint: EndpointLine) -> Phrase? {
    guard max(endpoint.synCount, endpoint.finCount, endpoint.rstCount) < 10 else { return nil }
    // Each digit ends a word of the phrase.
    return fewFlags.adding(
      UInt64(endpoint.synCount) << 56, UInt64(endpoint.finCount) << 56,
      UInt64(endpoint.rstCount) << 56)
  }
}
