import FlowDiagnosis
import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// What only many connections show, and what it makes superfluous.
@Suite struct LedgerTests {
  /// SYNs of as many callers, the first few answered, none completed.
  private func flood(_ count: Int, answered: Int, repeats: Bool = false) -> String {
    var lines: [(Double, String)] = []
    for index in 0..<count {
      let start = Double(index) * 0.01
      let who = "host \(10 + index)\nport \(30000 + index)\n"
      lines.append((start, who + "\(start) > S 0"))
      guard index < answered else { continue }
      for pause in repeats ? [0.001, 1, 3, 7] : [0.001] {
        lines.append((start + pause, who + "\(start + pause) < S. 0 ack 1"))
      }
    }
    return lines.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: "\n") + "\n"
  }

  @Test("A flood takes the half-open attempts of its callers on itself")
  func floodAbsorbs() throws {
    let diagnosis = Diagnosis(flood(60, answered: 10, repeats: true), endingAt: 200)
    #expect(diagnosis.ids == ["syn-flood"])
    #expect(try diagnosis.only("syn-flood").severity == .warning)
  }

  @Test("Callers that go on trying make it an error, and are named")
  func victims() throws {
    let victim = "host 250\nport 50000\n0.305 > S 0\n1.305 > S 0\n3.305 > S 0\n"
    let text = flood(60, answered: 10)
    let finding = try Diagnosis(merge(text, victim), endingAt: 100).only("syn-flood")
    #expect(finding.severity == .error)
    #expect(finding.value("callers_shut_out") == .integer(1))
    #expect(finding.summary.contains("10.0.0.250"))
  }

  @Test("What happened at another time is not the flood's doing")
  func beforeTheFlood() throws {
    let early = "host 250\nport 50000\n0.000 > S 0\n1.000 > S 0\n3.000 > S 0\n"
    let late = Script.segments(flood(60, answered: 10)).map { segment in
      var later = segment
      later.time = later.time.advanced(byNanoseconds: 500 * Timers.second)
      return later
    }
    let diagnosis = Diagnosis(Script.segments(early) + late, endingAt: 900)
    #expect(Set(diagnosis.ids) == ["syn-flood", "syn-unanswered"])
    #expect(try diagnosis.only("syn-flood").severity == .warning)
  }

  @Test("Fewer than fifty are no flood", arguments: [49, 50])
  func threshold(_ count: Int) {
    let ids = Diagnosis(flood(count, answered: 10), endingAt: 20).ids
    #expect(ids.contains("syn-flood") == (count == 50))
  }

  /// Lines of two scripts by their times; a line's tuple comes with it.
  private func merge(_ scripts: String...) -> String {
    var lines: [(time: Double, text: String)] = []
    for script in scripts {
      var tuple = (host: "host 5", port: "port 41000")
      for line in script.split(separator: "\n").map(String.init) {
        if line.hasPrefix("host") {
          tuple.host = line
        } else if line.hasPrefix("port") {
          tuple.port = line
        } else if let time = line.split(separator: " ").first.flatMap({ Double($0) }) {
          lines.append((time, "\(tuple.host)\n\(tuple.port)\n\(line)"))
        }
      }
    }
    return lines.sorted { $0.time < $1.time }.map(\.text).joined(separator: "\n") + "\n"
  }

  /// Connections of one caller to one service, one after the other, from so many ports in turn.
  private func visits(_ count: Int, ports: Int, pause: Double) -> [Segment] {
    var text = ""
    for index in 0..<count {
      let start = Double(index) * pause
      text += """
        port \(40000 + index % ports)
        iss \(1_000_000 + index * 100_000)
        server-iss \(5_000_000 + index * 100_000)
        \(start) > S 0
        \(start + 0.001) < S. 0 ack 1
        \(start + 0.002) > . 1 ack 1
        \(start + 0.003) > P. 1:11 ack 1
        \(start + 0.004) < P. 1:11 ack 11
        \(start + 0.005) > F. 11 ack 11
        \(start + 0.006) < F. 11 ack 12
        \(start + 0.007) > . 12 ack 12

        """
    }
    return Script.segments(text)
  }

  @Test(
    "One cause of pressure gives one finding: the ports that run out, not the small connections")
  func pressure() {
    #expect(Diagnosis(visits(200, ports: 10, pause: 6.5)).ids.contains("port-exhaustion"))
    #expect(!Diagnosis(visits(200, ports: 10, pause: 6.5)).ids.contains("short-connections"))
    #expect(Diagnosis(visits(60, ports: 60, pause: 0.1)).ids == ["short-connections"])
  }

  @Test("TIME-WAIT that piles up stands for the small connections that make it")
  func pileup() {
    #expect(Diagnosis(visits(1100, ports: 1100, pause: 0.02)).ids == ["time-wait-pileup"])
    #expect(Diagnosis(visits(999, ports: 999, pause: 0.02)).ids == ["short-connections"])
  }

  @Test("Copies are proved by a frame even when the record has none of them")
  func trimmedDuplicates() throws {
    var options = TrackerOptions()
    options.maximumSegments = 4
    var text = handshake
    for index in 0..<40 {
      let start = 0.1 + Double(index) * 0.1
      let range = "\(1 + index * 10):\(11 + index * 10)"
      text += "\(start) > P. \(range) ack 1 id \(100 + index)\n"
      text += "\(start + 0.00001) > P. \(range) ack 1 id \(100 + index)\n"
      text += "\(start + 0.001) < . 1 ack \(11 + index * 10)\n"
    }
    for line in ["5.0 > F. 401 ack 1", "5.01 < F. 1 ack 402", "5.02 > . 402 ack 2"] {
      text += line + "\n"
    }
    let finding = try Diagnosis(text, tracker: options).only("capture-duplicates")
    #expect(!finding.frames.isEmpty)
  }

  @Test("The answers do not depend on the secret of the hash")
  func seeds() {
    let segments = visits(200, ports: 10, pause: 6.5)
    var options = DiagnosisOptions()
    options.hashSeed = HashSeed(1, 2)
    let one = Diagnosis(segments, diagnosis: options).findings.map(\.summary)
    options.hashSeed = HashSeed(0xdead_beef, 77)
    #expect(Diagnosis(segments, diagnosis: options).findings.map(\.summary) == one)
    #expect(!one.isEmpty)
  }
}
