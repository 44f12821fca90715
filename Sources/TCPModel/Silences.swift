/// Long silences of a connection: which ones it survived, in that an end broke the silence and the
/// other one was heard thereafter.
struct Silences: Equatable, Sendable, BitwiseCopyable {
  /// The longest that was survived, nanoseconds; 0 if none.
  private var survived: Int64 = 0
  /// The longest of those that were broken last, by an end that was not answered yet; 0 if none.
  private var broken: Int64 = 0
  /// Who broke it, and in which frame.
  private var breaker = Side.client
  private var frame: UInt64 = 0

  /// An end breaks a silence of so many nanoseconds.
  ///
  /// - Parameter peer: The frame of the other end's last segment.
  mutating func end(_ silence: Int64, by side: Side, peer: UInt64, in frame: UInt64) {
    if broken > 0, side != breaker || peer > self.frame {
      survived = max(survived, broken)
      broken = 0
    }
    broken = max(broken, silence)
    breaker = side
    self.frame = frame
  }

  /// The longest that was survived, nanoseconds; 0 if none.
  ///
  /// - Parameters:
  ///   - client: The frame of the client's last segment, and how many RSTs it sent.
  ///   - server: The same of the server.
  @inline(__always)
  func longest(client: (frame: UInt64, resets: UInt16), server: (frame: UInt64, resets: UInt16))
    -> Int64
  {
    let peer = breaker == .client ? server : client
    return peer.frame > frame && peer.resets == 0 ? max(survived, broken) : survived
  }
}

extension Connection {
  /// The longest silence of more than a second that an end broke and the other one answered,
  /// nanoseconds; 0 if none.
  @inline(__always)
  public var survivedSilence: Int64 {
    silences.longest(
      client: (client.lastFrame, client.rstCount), server: (server.lastFrame, server.rstCount))
  }
}
