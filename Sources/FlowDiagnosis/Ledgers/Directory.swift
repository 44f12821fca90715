import PacketDecoding
import TCPModel

/// Turns the addresses of a connection into small numbers, once for all ledgers, which keep their
/// notes in arrays by these numbers.
struct Directory {
  /// The numbers of one connection; 0 where the directory is full.
  struct Place {
    /// Of its listener.
    var listener: UInt32 = 0
    /// Of its caller's address and the listener.
    var caller: UInt32 = 0
    /// Of the caller again, but only of those that came to a handshake or a close, so that the many
    /// callers of a flood do not take room where more is kept.
    var account: UInt32 = 0
  }

  private struct Key: Numbered {
    var client: IPAddress
    var listener: UInt32

    func hash(_ secret: Secret) -> UInt64 {
      secret.mix(secret.mix(client.low, client.high), UInt64(listener))
    }
  }

  private var listeners: Numbering<Listener>
  private var callers: Numbering<Key>
  /// By caller, as far as one of them has an account.
  private var accountOfCaller: [UInt32] = [0]
  private var callerOfAccount: [UInt32] = [0]

  /// Listeners and callers that nobody got through to take half of the room at most.
  private static let listenerLimit = 1 << 17
  private static let callerLimit = 1 << 18
  private static let accountLimit = 1 << 16

  init(_ secret: Secret) {
    listeners = Numbering(secret)
    callers = Numbering(secret)
  }

  /// The highest number of an account.
  var accounts: Int { callerOfAccount.count - 1 }

  /// The listener that has a number.
  func listener(_ number: UInt32) -> Listener { listeners[number] }

  /// The listener of the caller that has a number.
  func listener(ofCaller number: UInt32) -> UInt32 { callers[number].listener }

  /// The caller that has a number.
  func caller(_ number: UInt32) -> Caller {
    let key = callers[number]
    return Caller(client: key.client, listener: listeners[key.listener])
  }

  /// The number of the caller that has an account.
  func caller(ofAccount account: UInt32) -> UInt32 { callerOfAccount[Int(account)] }

  /// The numbers of a connection.
  ///
  /// - Parameter wantsAccount: Whether it came to a handshake or a close.
  mutating func place(of connection: Connection, wantsAccount: Bool) -> Place {
    let clientIsLow = connection.traits.contains(.clientIsLow)
    let listener = listeners.number(
      of: clientIsLow
        ? Listener(address: connection.key.highAddress, port: connection.key.highPort)
        : Listener(address: connection.key.lowAddress, port: connection.key.lowPort),
      limit: wantsAccount ? Directory.listenerLimit : Directory.listenerLimit / 2)
    guard listener != 0 else { return Place() }
    let caller = callers.number(
      of: Key(
        client: clientIsLow ? connection.key.lowAddress : connection.key.highAddress,
        listener: listener),
      limit: wantsAccount ? Directory.callerLimit : Directory.callerLimit / 2)
    guard wantsAccount, caller != 0 else { return Place(listener: listener, caller: caller) }
    return Place(listener: listener, caller: caller, account: account(of: caller))
  }

  private mutating func account(of caller: UInt32) -> UInt32 {
    while accountOfCaller.count <= Int(caller) { accountOfCaller.append(0) }
    let known = accountOfCaller[Int(caller)]
    guard known == 0, callerOfAccount.count <= Directory.accountLimit else { return known }
    let account = UInt32(callerOfAccount.count)
    callerOfAccount.append(caller)
    accountOfCaller[Int(caller)] = account
    return account
  }
}
