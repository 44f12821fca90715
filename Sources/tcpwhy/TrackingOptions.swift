import ArgumentParser
import FlowDiagnosis
import TCPModel

/// What the hosts of a capture are taken to do, and what is asked of the rules.
struct TrackingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("How long the hosts hold TIME-WAIT.", valueName: "seconds"))
  var timeWait = 60

  @Option(
    help: ArgumentHelp(
      "How long they hold FIN-WAIT-2 once the process has gone.", valueName: "seconds"))
  var finWait2 = 60

  @Option(
    help: ArgumentHelp(
      "How long after its last SYN a caller has given up.", valueName: "seconds"))
  var synSent = 130

  @Option(
    help: ArgumentHelp(
      "How long after its last SYN,ACK a listener has given up.", valueName: "seconds"))
  var synReceived = 65

  @Option(
    help: ArgumentHelp(
      "How long after its last segment an end that closes (FIN-WAIT-1, CLOSING, LAST-ACK) has given up.",
      valueName: "seconds"))
  var closing = 120

  @Option(
    help: ArgumentHelp(
      "Report sources with more new connections than this: 20/60s.", valueName: "count/time"))
  var limitRate: RateLimit?

  @Option(
    help: ArgumentHelp(
      "Report sources with more connections than this at once.", valueName: "count"))
  var limitConcurrent: Int?

  func validate() throws {
    guard
      [timeWait, finWait2, synSent, synReceived, closing].allSatisfy((1...86_400).contains)
    else {
      throw ValidationError("A timer is between 1 and 86400 seconds.")
    }
    guard limitConcurrent ?? 1 > 0 else {
      throw ValidationError("--limit-concurrent takes a number above 0.")
    }
  }

  var timers: Timers {
    var timers = Timers()
    timers.timeWait = Int64(timeWait) * Timers.second
    timers.finWait2 = Int64(finWait2) * Timers.second
    timers.synSent = Int64(synSent) * Timers.second
    timers.synReceived = Int64(synReceived) * Timers.second
    timers.closing = Int64(closing) * Timers.second
    return timers
  }

  var tracker: TrackerOptions {
    var options = TrackerOptions()
    options.timers = timers
    return options
  }

  var diagnosis: DiagnosisOptions {
    var options = DiagnosisOptions()
    options.timers = timers
    options.rateLimit = limitRate.map { ($0.count, $0.seconds) }
    options.concurrencyLimit = limitConcurrent
    return options
  }
}

/// A count in a time: `20/60s`, `100/1min`; seconds where no unit is given.
struct RateLimit: ExpressibleByArgument {
  var count: Int
  var seconds: Double

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), count > 0 else { return nil }
    let digits = parts[1].prefix { $0.isNumber || $0 == "." }
    let unit: Double
    switch parts[1].dropFirst(digits.count) {
    case "", "s", "sec": unit = 1
    case "ms": unit = 0.001
    case "m", "min": unit = 60
    case "h": unit = 3600
    default: return nil
    }
    guard let number = digits.isEmpty ? 1 : Double(digits), number > 0, number < 1e6 else {
      return nil
    }
    self.count = count
    seconds = number * unit
  }
}
