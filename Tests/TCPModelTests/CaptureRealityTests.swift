import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// Captures as they are: copied, disordered, spoiled, cut, with holes, one-sided, begun too late.
/// None of it may produce a state in which the hosts never were.
@Suite struct CaptureRealityTests {
  /// A connection of which the states are known.
  struct Scene: CustomTestStringConvertible {
    let name: String
    let segments: [Segment]
    /// What the tracker makes of it.
    let whole: TrackedConnection

    var testDescription: String { name }

    init(_ name: String, _ script: String) {
      self.name = name
      segments = Script.segments(script)
      whole = Script.track(segments)[0]
    }

    /// Expects of a capture of it that no end reaches a state that it does not reach here.
    func expectNothingMadeUp(
      in captured: [Segment], _ what: String = "",
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let told = Script.track(captured)
      #expect(told.count == 1, "\(what)", sourceLocation: sourceLocation)
      for side in [Side.client, .server] {
        let (path, known) = (told.first?.reached(side) ?? [], whole.stands(side))
        #expect(
          path.isSubsequence(of: known), "\(what): \(side) \(path) of \(known)",
          sourceLocation: sourceLocation)
      }
    }
  }

  static let scenes: [Scene] = [
    Scene(
      "client closes",
      """
      0.000 > S 0 TS 1000 0
      0.010 < S. 0 ack 1 TS 9000 1000
      0.010 > . 1 ack 1 TS 1010 9000
      0.020 > P. 1:101 ack 1 TS 1020 9000
      0.030 < . 1 ack 101 TS 9020 1020
      0.040 < P. 1:501 ack 101 TS 9030 1020
      0.050 > . 101 ack 501 TS 1050 9030
      0.060 > F. 101 ack 501 TS 1060 9030
      0.070 < . 501 ack 102 TS 9060 1060
      0.080 < F. 501 ack 102 TS 9070 1060
      0.090 > . 102 ack 502 TS 1090 9070
      """
    ),
    Scene(
      "server closes, without timestamps",
      """
      0.000 > S 0
      0.010 < S. 0 ack 1
      0.010 > . 1 ack 1
      0.020 > P. 1:101 ack 1
      0.030 < P. 1:1449 ack 101
      0.031 < P. 1449:2897 ack 101
      0.040 > . 101 ack 2897
      0.050 < F. 2897 ack 101
      0.060 > F. 101 ack 2898
      0.070 < . 2898 ack 102
      """
    ),
    Scene(
      "data and FIN sent again",
      """
      0.000 > S 0 TS 1000 0
      0.010 < S. 0 ack 1 TS 9000 1000
      0.010 > . 1 ack 1 TS 1010 9000
      0.020 > P. 1:101 ack 1 TS 1020 9000
      0.230 > P. 1:101 ack 1 TS 1230 9000
      0.240 < . 1 ack 101 TS 9230 1230
      0.250 < F. 1 ack 101 TS 9240 1230
      0.260 > . 101 ack 2 TS 1250 9240
      0.480 < F. 1 ack 101 TS 9470 1230
      0.481 > . 101 ack 2 TS 1470 9470 sack 1 2
      0.500 > F. 101 ack 2 TS 1490 9470
      0.510 < . 2 ack 102 TS 9500 1490
      """
    ),
    Scene(
      "FINs cross",
      """
      0.000 > S 0
      0.010 < S. 0 ack 1
      0.010 > . 1 ack 1
      0.020 > P. 1:101 ack 1
      0.030 < . 1 ack 101
      0.040 > F. 101 ack 1
      0.041 < F. 1 ack 101
      0.042 > . 102 ack 2
      0.051 < . 2 ack 102
      """
    ),
    Scene(
      "aborted",
      """
      0.000 > S 0 TS 1000 0
      0.010 < S. 0 ack 1 TS 9000 1000
      0.010 > . 1 ack 1 TS 1010 9000
      0.020 > P. 1:101 ack 1 TS 1020 9000
      0.030 < P. 1:501 ack 101 TS 9020 1020
      0.035 > . 101 ack 501 TS 1035 9020
      0.040 > R. 101 ack 501
      """
    ),
  ]

  // MARK: - What changes nothing

  /// What a capture does to a connection without hiding anything of it.
  enum Harmless: String, CaseIterable, CustomTestStringConvertible {
    case copiedExactly, copiedWithoutIdentification, copiedByRouter,
      copiedByRouterWithoutIdentification
    case copiedOneWay, copiedLate
    case offloadedByClient, offloadedByServer, spoiledCopies
    case snappedOptions, clockStepsBack, clockStepsBackAndForth

    var testDescription: String { rawValue }

    func applied(to segments: [Segment]) -> [Segment] {
      switch self {
      case .copiedExactly:
        segments.flatMap { [$0, $0.moved(0.000_005)] }
      case .copiedWithoutIdentification:
        segments.flatMap { [$0.unnumbered, $0.unnumbered.moved(0.000_005)] }
      case .copiedByRouter:
        segments.flatMap { [$0, $0.routed.moved(0.000_030)] }
      case .copiedByRouterWithoutIdentification:
        segments.flatMap { [$0.unnumbered, $0.unnumbered.routed.moved(0.000_030)] }
      case .copiedOneWay:
        segments.flatMap { $0.sourcePort == 443 ? [$0, $0.moved(0.000_005)] : [$0] }
      case .copiedLate:
        // Another port of the same switch, mirrored through a queue: two segments behind.
        segments.indices.flatMap { index in
          [segments[index]]
            + (index >= 2 ? [segments[index - 2].at(segments[index].time).moved(0.000_001)] : [])
        }
      case .offloadedByClient:
        segments.map { $0.with(checksum: $0.sourcePort == 443 ? .valid : .offloaded) }
      case .offloadedByServer:
        segments.map { $0.with(checksum: $0.sourcePort == 443 ? .offloaded : .valid) }
      case .spoiledCopies:
        // Once each end has shown that it computes its checksums.
        segments.indices.flatMap { index in
          let whole = segments[index].with(checksum: .valid)
          return index < 2 ? [whole] : [whole.spoiled.moved(-0.000_100), whole]
        }
      case .snappedOptions:
        segments.map { $0.snapped }
      case .clockStepsBack:
        segments.indices.map { $0 < 5 ? segments[$0] : segments[$0].moved(-30) }
      case .clockStepsBackAndForth:
        segments.indices.map { $0 % 3 == 2 ? segments[$0].moved(-0.5) : segments[$0] }
      }
    }
  }

  @Test("What hides nothing changes no state", arguments: Harmless.allCases, scenes)
  func harmless(_ change: Harmless, _ scene: Scene) {
    let told = Script.track(change.applied(to: scene.segments))
    #expect(told.count == 1)
    for side in [Side.client, .server] {
      #expect(told.first?.path(side) == scene.whole.path(side), "\(side)")
    }
  }

  // MARK: - What hides something

  /// Ways in which a capture of a connection can lack something.
  enum Lack: String, CaseIterable, CustomTestStringConvertible {
    case oneSegment, twoSegments, beginning, end, openingAndMore

    var testDescription: String { rawValue }

    /// The captures that result. Those that begin after a FIN are left out: who closed first is not in
    /// them.
    func applied(to segments: [Segment]) -> [[Segment]] {
      switch self {
      case .oneSegment:
        segments.indices.map { lost in segments.without { $0 == lost } }
      case .twoSegments:
        segments.indices.dropLast().map { lost in
          segments.without { $0 == lost || $0 == lost + 1 }
        }
      case .beginning:
        segments.indices.dropFirst().filter { first in
          !segments[..<first].contains { $0.flags.contains(.fin) }
        }.map { first in Array(segments[first...]) }
      case .end:
        segments.indices.dropFirst().map { end in Array(segments[..<end]) }
      case .openingAndMore:
        segments.indices.dropFirst(4).map { lost in segments.without { $0 < 3 || $0 == lost } }
      }
    }
  }

  @Test(
    "What is hidden may leave states untold, but makes none up", arguments: Lack.allCases, scenes)
  func lack(_ lack: Lack, _ scene: Scene) {
    for (index, captured) in lack.applied(to: scene.segments).enumerated() {
      scene.expectNothingMadeUp(in: captured, "\(index)")
    }
  }

  @Test(
    "One direction alone makes no state up", arguments: scenes.filter { $0.name != "FINs cross" },
    [true, false])
  func oneSided(_ scene: Scene, _ hearsClient: Bool) {
    scene.expectNothingMadeUp(
      in: scene.segments.filter { ($0.sourcePort != 443) == hearsClient })
  }

  @Test(
    "The only end heard shows by its last word who closed first",
    arguments: [
      ("0.050 > F. 101 ack 501\n0.070 > . 102 ack 502", TCPState.timeWait, TCPState.closed),
      ("0.050 > . 101 ack 502\n0.070 > F. 101 ack 502", .lastAck, .timeWait),
    ])
  func lastWord(_ closing: String, _ client: TCPState, _ server: TCPState) throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0
        0.010 > . 1 ack 1
        0.020 > P. 1:101 ack 1
        0.040 > . 101 ack 501
        \(closing)
        """
      ).first)
    #expect(connection.connection.client.state == client)
    #expect(connection.connection.server.state == server)
  }

  // MARK: - Disorder

  @Test("Neighbours that change places make no state up", arguments: scenes)
  func disorder(_ scene: Scene) {
    for index in scene.segments.indices.dropLast() {
      var swapped = scene.segments
      swapped.swapAt(index, index + 1)
      scene.expectNothingMadeUp(in: swapped, "\(index)")
    }
  }

  // MARK: - Segments that never arrived

  @Test(
    "A segment with a wrong checksum moves nobody",
    arguments: [
      "0.1 > F. 1 ack 1", "0.1 < F. 1 ack 1", "0.1 > R. 1 ack 1", "0.1 < R 1", "0.1 > S 0",
      "0.1 > P. 1:100 ack 1", "0.1 < . 1 ack 1000",
    ])
  func wrongChecksum(_ line: String) throws {
    var segments = Script.segments(handshake + line)
    for index in segments.indices { segments[index].checksum = .valid }
    // The server has to have sent something right before.
    segments[3].checksum = .invalid
    let connection = try #require(Script.track(segments).first)
    #expect(connection.connection.client.state == .established)
    #expect(connection.connection.server.state == .established)
    #expect(connection.connection.noticed.contains(.invalidChecksum))
    #expect(Script.track(segments).count == 1)
  }

  @Test("A FIN that was spoiled and sent again closes from its second passing")
  func spoiledFIN() throws {
    var segments = Script.segments(
      handshake + """
        0.100 > F. 1 ack 1
        0.320 > F. 1 ack 1
        0.330 < . 1 ack 2
        """)
    for index in segments.indices { segments[index].checksum = .valid }
    segments[3].checksum = .invalid
    let connection = try #require(Script.track(segments).first)
    let closeWait = connection.transitions.filter { $0.to == .closeWait }
    #expect(closeWait.map(\.frame) == [5])
  }

  // MARK: - Segments as the sending host hands them over

  @Test("A segment larger than any packet acknowledges and is acknowledged as a whole")
  func oversized() throws {
    let connection = try #require(
      Script.run(
        handshake + """
          0.020 > P. 1:101 ack 1
          0.030 < P. 1:60001 ack 101
          0.031 < PF. 60001:120001 ack 101
          0.040 > . 101 ack 60001
          0.041 > . 101 ack 120002
          0.050 > F. 101 ack 120002
          0.060 < . 120002 ack 102
          """
      ).first)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED")
    #expect(connection.connection.server.retransmissions == 0)
    #expect(!connection.connection.noticed.contains(.acknowledgesUnseen))
  }

  @Test("Segments cut on the way and seen whole before are no retransmission of each other")
  func segmentedCopies() throws {
    // One host, `any`: the segment before offloading cuts it, and the packets behind.
    let connection = try #require(
      Script.run(
        handshake + """
          0.020 > P. 1:101 ack 1
          0.030 < P. 1:2897 ack 101
          0.040 > . 101 ack 1449
          0.041 > . 101 ack 2897
          0.050 < F. 2897 ack 101
          0.060 > F. 101 ack 2898
          0.070 < . 2898 ack 102
          """
      ).first)
    #expect(connection.connection.server.state == .timeWait)
    #expect(connection.connection.client.state == .closed)
  }
}

extension Segment {
  fileprivate func moved(_ seconds: Double) -> Segment {
    at(time.advanced(byNanoseconds: Int64((seconds * 1e9).rounded())))
  }

  fileprivate func at(_ time: CaptureTime) -> Segment {
    var copy = self
    copy.time = time
    return copy
  }

  fileprivate func with(checksum: ChecksumState) -> Segment {
    var copy = self
    copy.checksum = checksum
    return copy
  }

  /// As from a host that does not number its packets.
  fileprivate var unnumbered: Segment {
    var copy = self
    copy.identification = 0
    return copy
  }

  /// The same packet behind a router.
  fileprivate var routed: Segment {
    var copy = self
    copy.hopLimit -= 1
    return copy
  }

  /// The snap length cut the options off.
  fileprivate var snapped: Segment {
    var copy = self
    copy.truncation = .options
    copy.options = []
    copy.timestampValue = 0
    copy.timestampEchoReply = 0
    copy.sackCount = 0
    return copy
  }

  /// Bits have been changed on the way, in the worst of places.
  fileprivate var spoiled: Segment {
    var copy = with(checksum: .invalid)
    copy.flags = [.rst, .fin, .ack]
    copy.sequence &+= 1
    copy.identification &+= 7000
    return copy
  }
}

extension [Segment] {
  fileprivate func without(_ isLost: (Int) -> Bool) -> [Segment] {
    indices.filter { !isLost($0) }.map { self[$0] }
  }
}

extension TrackedConnection {
  /// The states of a side that were not taken back.
  fileprivate func stands(_ side: Side) -> [TCPState] {
    transitions.filter { $0.endpoint == side && $0.revokedBy == 0 }.map(\.to)
  }

  /// The states that a side reached for all that is known: what only passed on its way to it, and
  /// was never confirmed, it may not have met yet.
  fileprivate func reached(_ side: Side) -> [TCPState] {
    transitions.filter {
      $0.endpoint == side && $0.revokedBy == 0
        && ($0.evidence != .received || $0.confirmedBy != 0)
    }.map(\.to)
  }
}

extension [TCPState] {
  /// Whether all of it is found in `whole`, in this order.
  fileprivate func isSubsequence(of whole: [TCPState]) -> Bool {
    var rest = whole[...]
    for state in self {
      guard let place = rest.firstIndex(of: state) else { return false }
      rest = rest[(place + 1)...]
    }
    return true
  }
}
