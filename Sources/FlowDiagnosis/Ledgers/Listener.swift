import PacketDecoding
import TCPModel

/// A listening socket.
struct Listener: Hashable, Comparable, BitwiseCopyable {
  var address: IPAddress
  var port: UInt16

  static func < (left: Listener, right: Listener) -> Bool {
    (left.address, left.port) < (right.address, right.port)
  }

  /// "10.0.0.9:443", "[2001:db8::9]:443".
  var name: String { address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}

extension Listener: DirectoryKey {
  func hash(_ secret: Secret) -> UInt64 {
    secret.mix(secret.mix(address.low, address.high), UInt64(port))
  }
}

/// One address that calls one listener.
struct Caller: Hashable, Comparable, BitwiseCopyable {
  var client: IPAddress
  var listener: Listener

  init(client: IPAddress, listener: Listener) {
    self.client = client
    self.listener = listener
  }

  init(_ connection: ConnectionBrief) {
    client = connection.socket(.client).address
    let (address, port) = connection.socket(.server)
    listener = Listener(address: address, port: port)
  }

  static func < (left: Caller, right: Caller) -> Bool {
    (left.client, left.listener) < (right.client, right.listener)
  }
}

extension IPAddress: DirectoryKey {
  func hash(_ secret: Secret) -> UInt64 { secret.mix(low, high) }
}
