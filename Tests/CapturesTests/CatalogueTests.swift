import FlowDiagnosis
import Foundation
import Testing

/// The contract of the catalogue: every rule is complete, shows in its capture, and is silent where
/// it must be.
@Suite struct CatalogueTests {
  /// Programs of Linux distributions that pages may name; each has been tried as it is printed.
  private let programs: Set<String> = [
    "awk", "capinfos", "cat", "conntrack", "ethtool", "grep", "ip", "iptables-save", "journalctl",
    "ls", "mtr", "nft", "nstat", "ping", "reordercap", "ss", "strace", "sysctl", "tcpdump",
    "tracepath", "traceroute", "tshark", "wc",
  ]

  @Test("Ids are unique and well formed; every text is there, with a citation and a command")
  func texts() {
    let ids = RuleCatalogue.all.map(\.id)
    #expect(Set(ids).count == ids.count)
    for rule in RuleCatalogue.all {
      let page = rule.page
      #expect(rule.id.allSatisfy { $0.isLowercase || $0 == "-" || $0.isNumber }, "\(rule.id)")
      #expect(!rule.title.isEmpty && !rule.title.hasSuffix("."), "\(rule.id)")
      #expect(!page.mechanism.isEmpty, "\(rule.id) has no mechanism")
      #expect(!page.proof.isEmpty, "\(rule.id) has no proof")
      #expect(!page.remedies.isEmpty, "\(rule.id) has no remedies")
      #expect(
        page.references.contains { $0.contains("§") || $0.hasSuffix(")") },
        "\(rule.id) cites neither a section nor a manual page")
      #expect(!page.confirmation.isEmpty, "\(rule.id) names no command")
      for confirmation in page.confirmation {
        #expect(!confirmation.shows.isEmpty, "\(confirmation.command)")
        for command in confirmation.command.split(separator: #/ \| |; /#) {
          let program = command.prefix { $0 != " " }
          #expect(programs.contains(String(program)), "\(rule.id): \(program)")
        }
        for counter in confirmation.command.split(separator: " ").dropFirst(2)
        where confirmation.command.hasPrefix("nstat -az ") {
          #expect(counter.wholeMatch(of: /(TcpExt|Tcp|Icmp|Icmp6)[A-Z]\w+/) != nil, "\(counter)")
        }
      }
      #expect(page.ladder.allSatisfy { $0.count <= 76 }, "\(rule.id): a ladder line is too long")
      for other in rule.supersedes {
        #expect(RuleCatalogue.rule(other) != nil, "\(rule.id) supersedes \(other), which is none")
      }
    }
  }

  @Test("Every rule has a capture that shows it and one in which it stays silent")
  func everyRuleHasCaptures() {
    for rule in RuleCatalogue.all {
      #expect(
        Repository.promises.contains { $0.shows.contains(rule.id) }, "nothing shows \(rule.id)")
      #expect(
        Repository.promises.contains { $0.silent.contains(rule.id) },
        "nothing keeps \(rule.id) silent")
    }
  }

  @Test(
    "A capture gives the findings promised, and not those excluded", arguments: Repository.promises)
  func promise(_ promise: Repository.Promise) throws {
    let options = try promise.diagnosisOptions()
    let replay = try Replay(
      Repository.captures.appending(path: promise.capture).path, options: options)
    let ids = Set(replay.findings.map(\.id))
    for id in promise.shows { #expect(ids.contains(id), "\(id) is missing") }
    for id in promise.silent { #expect(!ids.contains(id), "\(id) has no business here") }
    if promise.healthy == true {
      let loud = replay.findings.filter { $0.severity > .note }
      #expect(loud.isEmpty, "\(loud.map(\.summary))")
    }
    for finding in replay.findings {
      #expect(!finding.frames.isEmpty, "\(finding.id) has no frames")
      #expect(finding.frames.map(\.frame).min() ?? 0 > 0, "\(finding.id) names frame 0")
      #expect(!finding.summary.isEmpty && !finding.advice.isEmpty, "\(finding.id)")
      #expect(finding.connections == Set(finding.connections).sorted(), "\(finding.id)")
    }
  }
}
