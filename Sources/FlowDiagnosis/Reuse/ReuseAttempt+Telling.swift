import PacketDecoding
import TCPModel

// How the rules of this group tell an attempt: the course of its packets, the roles of its frames
// and what was measured.

extension ReuseAttempt {
  /// "10.0.0.5:41234".
  var caller: String { tracked.client }
  /// "10.0.0.9:443".
  var server: String { tracked.server }

  /// What the SYN met and how it ended, as one sentence.
  var course: String {
    let reaction: String
    if let answer = answers.first {
      let kind = answer.flags.contains(.fin) ? "FIN" : "ACK"
      let numbers = ProofText.frames(answers.map(\.frame))
      let what =
        answers.count == 1
        ? "The server answered with the old connection's \(kind) (\(numbers))"
        : "The server answered \(ProofText.times(answers.count)) out of the old connection (\(numbers))"
      reaction =
        resets.isEmpty
        ? "\(what), and no RST of the client came back"
        : "\(what), the client reset it (\(ProofText.frames(resets.map(\.frame))))"
    } else {
      reaction =
        "The server answered with a RST of its own "
        + "(\(ProofText.frames(holderResets.map(\.frame))))"
    }
    return "\(reaction), \(outcome)."
  }

  private var outcome: String {
    if let acceptance {
      let through = syns.last { $0.frame < acceptance.frame } ?? firstSYN
      let after = ProofText.duration(through.time.nanoseconds(since: firstSYN.time))
      return through.frame == firstSYN.frame
        ? "and the same SYN was then accepted (frame \(acceptance.frame))"
        : "and its repeated SYN (frame \(through.frame), \(after) after the first) got through"
    }
    let lasted = ProofText.duration(last.time.nanoseconds(since: firstSYN.time))
    if !hasFailed { return "and the capture ends before another SYN" }
    return syns.count == 1
      ? "and the client did not try again"
      : "and \(syns.count == 2 ? "neither" : "none") of its \(syns.count) SYNs got through in \(lasted)"
  }

  /// The frames of the attempt with their roles, in order. `held` describes the old state.
  func roles(held: String, before: [FrameRole] = []) -> [FrameRole] {
    var roles = before
    for syn in syns {
      roles.append(
        FrameRole(
          syn.frame,
          syn.frame == firstSYN.frame ? "new SYN from the old port" : "the same SYN again"))
    }
    for answer in answers {
      roles.append(
        FrameRole(
          answer.frame,
          "\(answer.flags.contains(.fin) ? "FIN" : "ACK") of the old connection, held \(held)"))
    }
    for reset in resets {
      roles.append(FrameRole(reset.frame, "RST of the client, SEQ = that ACK"))
    }
    for reset in holderResets { roles.append(FrameRole(reset.frame, "RST of the server")) }
    if let acceptance {
      roles.append(FrameRole(acceptance.frame, "SYN,ACK: the new connection is accepted"))
    }
    return roles.sorted { $0.frame < $1.frame }
  }

  /// What was measured, common to the group.
  func values(state: TCPState?, why: String) -> [(name: String, value: FindingValue)] {
    var values: [(name: String, value: FindingValue)] = [
      ("old_state", .text(state.map { "\($0)" } ?? "unknown")), ("why_held", .text(why)),
      ("syn_seq", .integer(Int64(firstSYN.sequence.rawValue))),
    ]
    if firstSYN.hasTimestamps {
      values.append(("syn_tsval", .integer(Int64(firstSYN.timestampValue))))
    }
    if let caller = oldCaller, caller.marks.contains(.timestamps) {
      values.append(("old_tsval", .integer(Int64(caller.newestTimestamp.rawValue))))
    }
    if let holder = oldHolder {
      values.append(("old_rcv_nxt", .integer(Int64(holder.receiveNext.rawValue))))
    }
    if let answer = answers.first {
      values.append(("answer_seq", .integer(Int64(answer.sequence.rawValue))))
      values.append(("answer_ack", .integer(Int64(answer.acknowledgment.rawValue))))
      if answer.hasTimestamps {
        values.append(("answer_tsecr", .integer(Int64(answer.timestampEchoReply))))
      }
    }
    if let old {
      values.append(
        (
          "old_idle_seconds",
          .seconds(firstSYN.time.nanoseconds(since: old.connection.lastTime).seconds)
        ))
    }
    values.append(("rounds", .integer(Int64(max(answers.count, holderResets.count)))))
    return values
  }

  /// Error where no SYN got through, else a warning.
  var severity: Severity { hasFailed ? .error : .warning }

  /// The ids concerned: the old connection, where known, and the new one.
  var connectionIDs: [UInt64] {
    [old?.connection.id, connection.id].compactMap { $0 }.sorted()
  }
}
