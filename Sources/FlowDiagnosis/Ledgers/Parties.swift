import BlockStorage
import PacketDecoding
import TCPModel

/// Who called whom: listeners, callers, and those callers that got through, each under a small
/// number, with what the ledgers note on them.
struct Parties: ~Copyable {
  /// What is noted on a listener.
  struct ListenerNotes: BitwiseCopyable {
    var flood = SynFloodLedger.Attempts()
    /// Place of its notes as a holder of TIME-WAIT, 0 while it has none.
    var holder: UInt32 = 0
  }

  /// What is noted on one address that calls one listener.
  struct CallerNotes: BitwiseCopyable {
    /// Number of its account, 0 while it has none.
    var account: UInt32 = 0
    var calls = CallList()
    /// Whether an attempt of it was never completed.
    var isUncompleted = false
  }

  /// What is noted on a caller that came to a handshake or a close, so that the many callers of a
  /// flood do not take room where more is kept.
  struct Account: BitwiseCopyable {
    /// Its number as a caller.
    var caller: UInt32
    var options = OptionsStrippedLedger.Note()
    var short = ShortConnections.Count()
    var timeWait = TimeWaitPileup.Holder()

    @inline(__always)
    mutating func observe(_ connection: inout ConnectionBrief) {
      options.observe(connection)
      short.observe(connection)
    }
  }

  struct CallerKey: DirectoryKey {
    var client: IPAddress
    var listener: UInt32

    func hash(_ secret: Secret) -> UInt64 {
      secret.mix(secret.mix(client.low, client.high), UInt64(listener))
    }
  }

  /// The numbers of one connection; 0 where there is no room left.
  struct Place {
    var listener = 0
    var caller = 0
    var account = 0
  }

  var listeners: Directory<Listener, ListenerNotes>
  var callers: Directory<CallerKey, CallerNotes>
  /// By number, less one.
  var accounts = BlockArray<Account>()

  /// Listeners and callers that nobody got through to take half of the room at most.
  private static let listenerLimit = 1 << 17
  private static let callerLimit = 1 << 18
  private static let accountLimit = 1 << 16

  init(_ secret: Secret) {
    listeners = Directory(secret)
    callers = Directory(secret)
  }

  /// The caller that has a number.
  func caller(_ number: Int) -> Caller {
    let key = callers.key(number)
    return Caller(client: key.client, listener: listeners.key(Int(key.listener)))
  }

  /// The number of the listener that a caller calls.
  func listener(ofCaller number: Int) -> Int { Int(callers.key(number).listener) }

  /// The numbers of a connection.
  ///
  /// - Parameters:
  ///   - expected: What was found out when it was expected, if it was.
  ///   - wantsAccount: Whether it came to a handshake or a close.
  @inline(__always)
  mutating func place(
    of connection: inout ConnectionBrief, _ expected: Expectation?, wantsAccount: Bool
  ) -> Place {
    let clientIsLow = connection.traits.contains(.clientIsLow)
    let listener =
      expected.map { Int($0.caller.listener) }
      ?? listeners.number(
        of: Parties.listener(connection.key, clientIsLow: clientIsLow),
        limit: wantsAccount ? Parties.listenerLimit : Parties.listenerLimit / 2, ListenerNotes())
    guard listener != 0 else { return Place() }
    let key =
      expected?.caller ?? Parties.caller(connection.key, clientIsLow: clientIsLow, of: listener)
    let caller = callers.number(
      of: key, expected?.hash,
      limit: wantsAccount ? Parties.callerLimit : Parties.callerLimit / 2, CallerNotes())
    guard wantsAccount, caller != 0 else { return Place(listener: listener, caller: caller) }
    var account = Int(callers[caller].account)
    if account == 0, accounts.count < Parties.accountLimit {
      accounts.append(Account(caller: UInt32(truncatingIfNeeded: caller)))
      account = accounts.count
      callers[caller].account = UInt32(truncatingIfNeeded: account)
    }
    return Place(listener: listener, caller: caller, account: account)
  }

  /// The caller that makes a connection, if its listener is known.
  @inline(__always)
  func caller(_ connection: UpcomingConnection) -> CallerKey? {
    let listener = listeners.number(
      of: Parties.listener(connection.key, clientIsLow: connection.clientIsLow))
    return listener == 0
      ? nil : Parties.caller(connection.key, clientIsLow: connection.clientIsLow, of: listener)
  }

  @inline(__always)
  private static func listener(_ key: FlowKey, clientIsLow: Bool) -> Listener {
    clientIsLow
      ? Listener(address: key.highAddress, port: key.highPort)
      : Listener(address: key.lowAddress, port: key.lowPort)
  }

  @inline(__always)
  private static func caller(_ key: FlowKey, clientIsLow: Bool, of listener: Int) -> CallerKey {
    CallerKey(
      client: clientIsLow ? key.lowAddress : key.highAddress,
      listener: UInt32(truncatingIfNeeded: listener))
  }
}
