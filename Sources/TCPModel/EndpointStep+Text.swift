import PacketDecoding

// The segment text that reaches an endpoint, in order and beyond holes.

extension Endpoint {
  /// RFC 9293 §3.10.7.4, seventh check: RCV.NXT advances over what is in order; what lies beyond a
  /// hole waits in two ranges at most, for the endpoint's own acknowledgments tell the rest.
  mutating func receiveText(_ start: SequenceNumber, _ end: SequenceNumber) {
    if receiveNext.precedes(start) {
      holdBeyondHole(start, end)
      return
    }
    guard receiveNext.precedes(end) else { return }
    receiveNext = end
    forgetHoles()
  }

  private mutating func holdBeyondHole(_ start: SequenceNumber, _ end: SequenceNumber) {
    if beyondHole.isEmpty {
      beyondHole = SequencePair(start: start, end: end)
    } else if beyondHole.absorb(start, end) {
      if !beyondSecondHole.isEmpty,
        beyondHole.absorb(beyondSecondHole.start, beyondSecondHole.end)
      {
        beyondSecondHole = SequencePair()
      }
    } else if beyondSecondHole.isEmpty {
      beyondSecondHole = SequencePair(start: start, end: end)
    } else {
      _ = beyondSecondHole.absorb(start, end)
    }
  }

  /// Drops or swallows the ranges that RCV.NXT has reached.
  mutating func forgetHoles() {
    for _ in 0..<2 {
      if !beyondHole.isEmpty, beyondHole.start.precedesOrEquals(receiveNext) {
        receiveNext = SequenceNumber.latest(receiveNext, beyondHole.end)
        beyondHole = beyondSecondHole
        beyondSecondHole = SequencePair()
      } else if !beyondSecondHole.isEmpty, beyondSecondHole.start.precedesOrEquals(receiveNext) {
        receiveNext = SequenceNumber.latest(receiveNext, beyondSecondHole.end)
        beyondSecondHole = SequencePair()
      }
    }
  }
}

extension SequencePair {
  /// Extends the range by [start, end) when they touch. Returns whether they did.
  fileprivate mutating func absorb(_ start: SequenceNumber, _ end: SequenceNumber) -> Bool {
    guard start.precedesOrEquals(self.end), self.start.precedesOrEquals(end) else { return false }
    if start.precedes(self.start) { self.start = start }
    if self.end.precedes(end) { self.end = end }
    return true
  }
}
