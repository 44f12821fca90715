import ArgumentParser
import FlowDiagnosis
import FlowReport
import PacketCapture
import TCPModel

/// `tcpwhy analyze FILE…`
struct Analyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read captures and say what is wrong and why, then list the connections.")

  @Argument(help: ArgumentHelp("Captures to read; - is standard input.", valueName: "file"))
  var files: [String]

  @Flag(help: "Write JSON lines.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Kinds of JSON records: connection, transition, finding, summary.", valueName: "kinds"))
  var records = RecordChoice()

  func run() throws {
    var output = StandardOutput()
    var failure: CaptureError?
    var analysis = Analysis(tracker: TrackerOptions(), diagnosis: DiagnosisOptions())
    let writer = RecordWriter(records.kinds)
    var number: UInt64 = 1
    for path in files {
      do throws(CaptureError) {
        var file = try CaptureFile(path: path, firstFrameNumber: number)
        analysis.countFile()
        defer { number = file.nextFrameNumber }
        var batch = FrameBatch()
        while try file.read(into: &batch) {
          analysis.take(batch)
          analysis.drain { writer.write($0, $1, to: &output.buffer) }
          output.drain()
        }
      } catch {
        StandardError.write(line: "tcpwhy: \(error)")
        failure = error
      }
    }
    analysis.finish()
    analysis.drain { tracked, findings in
      writer.write(tracked, findings, to: &output.buffer)
      output.drain()
    }
    writer.write(analysis.conclude(), to: &output.buffer)
    writer.write(analysis.totals, to: &output.buffer)
    output.flush()
    if failure != nil { throw EndStatus.unreadableInput }
  }
}
