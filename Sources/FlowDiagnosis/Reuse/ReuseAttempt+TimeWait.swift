import PacketDecoding
import TCPModel

// What the rules about TIME-WAIT ask of an attempt.

extension ReuseAttempt {
  /// The FIN of the old connection with which TIME-WAIT began: the last one of its closing.
  var lastFIN: SegmentRecord? {
    oldSegments(by: holder.peer) { $0.flags.contains(.fin) }.last
      ?? oldSegments(by: holder) { $0.flags.contains(.fin) }.last
  }

  /// How long TIME-WAIT had lasted when the SYN passed, in nanoseconds.
  var timeWaitNanoseconds: Int64? {
    lastFIN.map { firstSYN.time.nanoseconds(since: $0.time) }
  }

  /// The same as text.
  var timeWaitAge: String { timeWaitNanoseconds.map(ProofText.duration) ?? "an unknown time" }

  /// The closing of the old connection, as far as it is in the capture's memory.
  var timeWaitRoles: [FrameRole] {
    var roles: [FrameRole] = []
    if let own = oldSegments(by: holder, where: { $0.flags.contains(.fin) }).first {
      roles.append(FrameRole(own.frame, "FIN of the server, which closed first"))
    }
    if let fin = lastFIN, fin.sender == holder.peer {
      roles.append(FrameRole(fin.frame, "FIN of the client: TIME-WAIT begins at the server"))
    }
    return roles
  }

  /// Whether the holder answered again out of the old connection after a RST that should have ended
  /// it: TIME-WAIT is protected (RFC 1337).
  var isResetIgnored: Bool {
    guard let reset = resets.first else { return false }
    return answers.contains {
      $0.frame > reset.frame
        && $0.time.nanoseconds(since: reset.time)
          > max(connection.serverRoundTrip, connection.clientRoundTrip, 100_000_000)
    }
  }
}
