import PacketDecoding
public import TCPModel

/// Where on its path a connection was captured.
public enum ConnectionVantage: String, Sendable, CaseIterable {
  /// On the client's host, or next to it.
  case client
  /// On the server's host, or next to it.
  case server
  /// Somewhere between.
  case between
  /// Both ends are one host.
  case loopback
  /// The packets do not tell.
  case unknown
}

extension Connection {
  /// Where it was captured.
  public var vantage: ConnectionVantage {
    var line = ConnectionLine(self)
    return .of(&line)
  }
}

extension ConnectionVantage {
  /// Where a connection was captured: by the hop limits that no router has lowered, and where both ends
  /// are as near, by the shares of the round trip on either side. It is passed by address, not changed.
  public static func of(_ connection: inout ConnectionLine) -> ConnectionVantage {
    let clientAddress = connection.socket(.client).address
    if clientAddress == connection.socket(.server).address || clientAddress.isLoopback {
      return .loopback
    }
    guard connection.client.packets > 0, connection.server.packets > 0 else { return .unknown }
    let clientIsNear = isUntouched(connection.client.hopLimit)
    let serverIsNear = isUntouched(connection.server.hopLimit)
    switch (clientIsNear, serverIsNear) {
    case (true, false): return .client
    case (false, true): return .server
    case (false, false): return .between
    case (true, true):
      let (client, server) = (connection.clientRoundTrip, connection.serverRoundTrip)
      guard client > 0, server > 0 else { return .unknown }
      if client < server / 4 { return .client }
      if server < client / 4 { return .server }
      return .unknown
    }
  }

  /// Whether a hop limit is one that hosts start with.
  private static func isUntouched(_ hopLimit: UInt8) -> Bool {
    hopLimit == 64 || hopLimit == 128 || hopLimit == 255
  }
}

extension Connection {
  /// What advice about a segment that passed us and was lost on its way to `side` ends with, where
  /// the capture was taken at that very host: the network had done its part.
  func blame(_ side: Side) -> String {
    guard vantage == (side == .client ? .client : .server) else { return "" }
    return
      " By hop limits and round trips the capture was taken at \(host(side)) itself, which the "
      + "segment had thus reached: look there, at its packet filter (nft list ruleset) and its queues, "
      + "not at the network."
  }
}
