import PacketDecoding
import TCPModel

/// Why an end still held the old connection when the port was used again: words, frames and advice
/// for each state.
struct HeldConnection {
  /// The state, as a name.
  let name: String
  /// After "still": "waited in LAST-ACK for …".
  let waiting: String
  /// The reason in a few words.
  let why: String
  let advice: String
  /// Frames of the old connection that belong to the proof.
  let roles: [FrameRole]

  init(_ attempt: ReuseAttempt, _ state: TCPState?) {
    name = state.map { "\($0)" } ?? "an unknown state"
    guard let old = attempt.old, let state else {
      waiting = "held an older connection"
      why = "unknown: the old connection lies before the capture"
      advice =
        "Find out on the server which connection it is: ss -tanp before the next call; the client "
        + "forgot it, or never ended it."
      roles = []
      return
    }
    let (caller, holder) = (attempt.holder.peer, attempt.holder)
    switch state {
    case .lastAck, .closing:
      let fins = attempt.oldSegments(by: holder) { $0.flags.contains(.fin) }
      let finEnd = old.connection[holder].finSequence + 1
      let final = attempt.oldSegments(by: caller) {
        $0.flags.contains(.ack) && !$0.flags.contains(.rst) && !$0.flags.contains(.syn)
          && finEnd.precedesOrEquals($0.acknowledgment) && $0.frame > (fins.first?.frame ?? 0)
      }
      let lost = final.map(\.frame)
      let repeats = fins.count > 1 ? ", its FIN sent \(ProofText.times(fins.count))" : ""
      if lost.isEmpty {
        waiting = "waited in \(name) for a final ACK that never passed here\(repeats)"
        why = "no final ACK passed"
      } else {
        let word = lost.count == 1 ? "a final ACK that was" : "final ACKs that were"
        waiting = "waited in \(name) for \(word) lost (\(ProofText.frames(lost)))\(repeats)"
        why = "final ACK lost"
      }
      advice =
        "The port was free too early: a client that closes first keeps it in TIME-WAIT for 60 s, "
        + "unless tcp_max_tw_buckets is full or a NAT gave the port away. Then look for what drops "
        + "the final ACK on the way to \(old.connection.host(holder))."
      roles =
        fins.prefix(2).map { FrameRole($0.frame, "FIN of the server, which ends its old half") }
        + final.prefix(2).map { FrameRole($0.frame, "final ACK, lost beyond the capture") }
    case .closeWait:
      let fin = attempt.oldSegments(by: caller) { $0.flags.contains(.fin) }.first
      let since = fin.map {
        ", \(ProofText.duration(attempt.firstSYN.time.nanoseconds(since: $0.time))) after"
          + " the client's FIN (frame \($0.frame))"
      }
      waiting = "kept their last connection in CLOSE-WAIT\(since ?? "")"
      why = "the server had the client's FIN and had not closed"
      advice =
        "The program on \(attempt.server) does not close after end of file: find it with "
        + "ss -tanp state close-wait. The client no longer held its own half (orphans in "
        + "FIN-WAIT-2 end after tcp_fin_timeout), so the port was free."
      roles = fin.map { [FrameRole($0.frame, "FIN of the client")] } ?? []
    case .finWait1, .finWait2:
      let fin = attempt.oldSegments(by: holder) { $0.flags.contains(.fin) }.first
      waiting =
        "kept their last connection in \(name): it had closed"
        + (fin.map { " (frame \($0.frame))" } ?? "") + ", the client never did"
      why = "the server closed first, the client forgot the connection without closing"
      advice =
        "The client lost its half without a FIN: a crash, a reboot, or a NAT or firewall that "
        + "dropped the state. Nothing is wrong with the new call."
      roles = fin.map { [FrameRole($0.frame, "FIN of the server")] } ?? []
    case .synReceived:
      waiting = "had an older attempt of the same port half-open in SYN-RECEIVED"
      why = "the older attempt was never completed"
      advice =
        "The client gave up its first attempt and tried again from the same port at once; let it "
        + "choose another port."
      roles = []
    case .closed, .listen, .synSent, .established, .timeWait:
      let resets = attempt.oldSegments(by: caller) { $0.flags.contains(.rst) }
      let fins = attempt.oldSegments(by: caller) { $0.flags.contains(.fin) }
      if let reset = resets.last {
        waiting =
          "held their last connection in ESTABLISHED, for the client's RST (frame \(reset.frame)) "
          + "never reached it"
        why = "the client's RST was lost"
        roles = [FrameRole(reset.frame, "RST of the client, lost beyond the capture")]
      } else if let fin = fins.first {
        waiting =
          "held their last connection in ESTABLISHED, for the client's FIN "
          + "(\(ProofText.frames(fins.map(\.frame)))) never reached it"
        why = "the client's FIN was lost"
        roles = [FrameRole(fin.frame, "FIN of the client, lost beyond the capture")]
      } else {
        let idle = attempt.firstSYN.time.nanoseconds(since: old.connection.lastTime)
        waiting =
          "held their last connection in ESTABLISHED: the client had dropped it without a FIN or "
          + (idle < 0 ? "RST" : "RST, \(ProofText.duration(idle)) or less before")
        why = "the client forgot the connection without FIN or RST"
        roles = [FrameRole(old.connection.lastFrame, "last segment of the old connection")]
      }
      advice =
        "Find out why the client lost the connection: a crash, a reboot, or a NAT that gave the "
        + "port to another host. On the server, TCP keepalive or TCP_USER_TIMEOUT would have "
        + "cleared it."
    }
  }
}
