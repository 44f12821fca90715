import PacketDecoding

/// What an ICMP error says about a SYN, in words.
enum ICMPMeaning: Equatable {
  case noRoute(String)
  case hostUnreachable(String)
  case prohibited(String)
  case portUnreachable
  case timeExceeded(String)
  case tooBig(mtu: UInt32)
  case other(String)

  /// nil for what is no answer to a SYN (source quench).
  init?(_ error: ICMPError) {
    if error.isIPv6 { self.init(icmpv6: error) } else { self.init(icmpv4: error) }
  }

  /// RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1.
  private init?(icmpv4 error: ICMPError) {
    switch (error.type, error.code) {
    case (3, 0), (3, 6), (3, 11): self = .noRoute("network unreachable")
    case (3, 1), (3, 7), (3, 8), (3, 12): self = .hostUnreachable("host unreachable")
    case (3, 2): self = .prohibited("protocol unreachable")
    case (3, 3): self = .portUnreachable
    case (3, 4): self = .tooBig(mtu: error.nextHopMTU)
    case (3, 5): self = .other("source route failed")
    case (3, 9): self = .prohibited("network administratively prohibited")
    case (3, 10): self = .prohibited("host administratively prohibited")
    case (3, 13): self = .prohibited("communication administratively prohibited")
    case (3, _): self = .other("destination unreachable, code \(error.code)")
    case (11, 0): self = .timeExceeded("time to live exceeded")
    case (11, _): self = .timeExceeded("fragment reassembly time exceeded")
    case (12, _): self = .other("parameter problem")
    default: return nil
    }
  }

  /// RFC 4443 §3.
  private init?(icmpv6 error: ICMPError) {
    switch (error.type, error.code) {
    case (1, 0): self = .noRoute("no route to destination")
    case (1, 1): self = .prohibited("communication administratively prohibited")
    case (1, 2): self = .noRoute("beyond scope of source address")
    case (1, 3): self = .hostUnreachable("address unreachable")
    case (1, 4): self = .portUnreachable
    case (1, 5): self = .prohibited("source address failed policy")
    case (1, 6): self = .noRoute("reject route to destination")
    case (1, _): self = .other("destination unreachable, code \(error.code)")
    case (2, _): self = .tooBig(mtu: error.nextHopMTU)
    case (3, 0): self = .timeExceeded("hop limit exceeded")
    case (3, _): self = .timeExceeded("fragment reassembly time exceeded")
    case (4, _): self = .other("parameter problem")
    default: return nil
    }
  }

  var name: String {
    switch self {
    case .noRoute(let name), .hostUnreachable(let name), .prohibited(let name),
      .timeExceeded(let name), .other(let name):
      name
    case .portUnreachable: "port unreachable"
    case .tooBig(let mtu): mtu == 0 ? "packet too big" : "packet too big (MTU \(mtu))"
    }
  }

  func advice(reporter: String, destination: String, isHost: Bool, port: UInt16) -> String {
    switch self {
    case .noRoute:
      "On \(reporter) run ip route get \(destination): it has no route there; add it, or correct "
        + "the address that is called."
    case .hostUnreachable:
      "\(reporter) has a route but found no host: check that \(destination) is up and has this "
        + "address (ip neigh show \(destination) on \(reporter) says FAILED or INCOMPLETE)."
    case .prohibited:
      "A rule on \(reporter) rejects this: look for reject in nft list ruleset or iptables-save "
        + "there, or an access list, and allow \(destination) port \(port) if it is wanted."
    case .portUnreachable:
      isHost
        ? "TCP refuses by RST; port unreachable comes from a reject rule of a firewall on "
          + "\(destination): allow port \(port) there if it is wanted (nft list ruleset)."
        : "A rule on \(reporter) rejects this with REJECT's default answer: look there (nft list "
          + "ruleset, iptables-save) and allow port \(port) if it is wanted."
    case .timeExceeded:
      "The SYN went round until its hops were used up: look for a routing loop at \(reporter) with "
        + "traceroute -T -p \(port) \(destination)."
    case .tooBig:
      "A SYN that is too big carries data (Fast Open) or passes a tunnel with a tiny MTU: check "
        + "the MTU on \(reporter)'s way to \(destination)."
    case .other:
      "Look at \(reporter), which rejected the packet for its form."
    }
  }
}
