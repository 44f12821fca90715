import TCPModel

extension Connection {
  /// The number of a frame of this connection from its low half, as the compact notes keep it.
  func frame(low: UInt32) -> UInt64 {
    let candidate = firstFrame & ~0xffff_ffff | UInt64(low)
    return candidate < firstFrame ? candidate &+ 1 << 32 : candidate
  }
}
