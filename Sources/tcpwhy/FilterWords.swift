import PacketCapture
import SystemPackage

/// What was given on the command line: files, and after them perhaps a filter, as tcpdump has it.
struct FilterWords {
  private(set) var paths: [String]
  /// The filter in one piece; nil for none.
  private(set) var filter: String?

  /// The words a filter can begin with, but for names of hosts: pcap-filter(7).
  private static let beginnings: Set<String> = [
    "(", "!", "not", "and", "or", "src", "dst", "host", "net", "port", "portrange", "gateway",
    "ether", "ip", "ip6", "tcp", "udp", "icmp", "icmp6", "arp", "proto", "vlan", "mpls", "pppoes",
    "less", "greater", "len", "broadcast", "multicast", "inbound", "outbound", "ifname", "on",
  ]

  /// - Parameters:
  ///   - words: Files, up to the first word that begins a filter and is no file.
  ///   - filter: A filter given as an option.
  init(_ words: [String], filter: String?) {
    let first = words.indices.dropFirst().first { index in
      FilterWords.beginsFilter(words[index]) && !FilterWords.exists(words[index])
    }
    paths = Array(words[..<(first ?? words.endIndex)])
    self.filter = filter.flatMap { $0.isEmpty ? nil : $0 }
    if let first { self.filter = words[first...].joined(separator: " ") }
    isGivenTwice = first != nil && filter != nil
  }

  /// Whether it was given as an option and in words.
  let isGivenTwice: Bool

  private static func beginsFilter(_ word: String) -> Bool {
    guard let beginning = word.split(whereSeparator: { " [=<>&|".contains($0) }).first else {
      return false
    }
    return beginnings.contains(String(beginning)) || word.hasPrefix("(") || word.hasPrefix("!")
  }

  private static func exists(_ path: String) -> Bool {
    (try? Stat(FilePath(path))) != nil
  }
}
