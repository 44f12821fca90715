import FlowDiagnosis
import TCPModel

/// What the records of connections say beside numbers and names.
final class ConnectionPhrases: Sendable {
  static let shared = ConnectionPhrases()

  let beginning: Phrase = "{\"type\":\"connection\",\"schema\":1"
  let id: Phrase = ",\"id\":"
  let incarnation: Phrase = ",\"incarnation\":"
  let previous: Phrase = ",\"previous\":"
  let null: Phrase = "null"
  let translationOf: Phrase = ",\"translation_of\":"
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
  /// By `ConnectionEnd.index`.
  let ends = ConnectionEnd.allCases.map { Phrase(",\"end\":\"\($0.rawValue)\"}\n") }

  // MARK: An endpoint

  let port: Phrase = "\",\"port\":"
  let state: Phrase = ",\"state\":\""
  let packets = PhraseTable<TCPState> { "\($0)\",\"packets\":" }
  let bytes: Phrase = ",\"bytes\":"
  let payloadBytes: Phrase = ",\"payload_bytes\":"
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
  /// From the SYNs on, of less than ten SYNs, FINs and RSTs each and none of what follows.
  private let ordinary: InlineArray<6, Phrase> = Phrase.parts(
    of: """
      ,"syn":0,"fin":0,"rst":0,"retransmissions":0,"spurious_retransmissions":0,"out_of_order":0,\
      "duplicate_acks":0,"zero_windows":0,"keepalives":0,"bad_checksums":0,"capture_duplicates":0}
      """)

  /// Puts what is said of an endpoint from its SYNs on. Returns whether it is the ordinary, else nothing is
  /// put.
  @inline(__always)
  func putOrdinary(
    _ endpoint: EndpointLine, _ block: inout TextBlock, at place: inout Int
  ) -> Bool {
    guard max(endpoint.synCount, endpoint.finCount, endpoint.rstCount) < 10, endpoint.isFlawless
    else { return false }
    let start = place
    for index in ordinary.indices { block.put(ordinary[index], at: &place) }
    block.set(digit: endpoint.synCount, at: start &+ 7)
    block.set(digit: endpoint.finCount, at: start &+ 15)
    block.set(digit: endpoint.rstCount, at: start &+ 23)
    return true
  }

  // MARK: Phrases with values in them

  @inline(__always)
  func vantage(_ vantage: ConnectionVantage) -> Phrase { vantages[vantage.index] }
}

extension ConnectionVantage {
  /// Its place among all cases.
  @inline(__always)
  var index: Int {
    switch self {
    case .client: 0
    case .server: 1
    case .between: 2
    case .loopback: 3
    case .unknown: 4
    }
  }
}

extension EndpointLine {
  /// Whether nothing was noticed about its segments.
  @inline(__always)
  fileprivate var isFlawless: Bool {
    retransmissions | spuriousRetransmissions | outOfOrder | duplicateAcknowledgments | zeroWindows
      | keepAlives | invalidChecksums | captureDuplicates == 0
  }
}
