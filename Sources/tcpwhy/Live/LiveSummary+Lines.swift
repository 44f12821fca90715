import FlowReport
import TCPModel

extension LiveSummary {
  /// What it says, in lines with a label each.
  var lines: [(label: String, text: String)] {
    var lines = [
      ("new", "\(rate(opened))/s, closed \(rate(interval.closed))/s, held \(held)"),
      ("states", statesText),
    ]
    if interval.handshakes.count > 0 { lines.append(("handshakes", handshakesText)) }
    if interval.closed > 0 { lines.append(("closed by", closersText)) }
    lines.append(("dropped", droppedText))
    if evicted > 0 { lines.append(("let go", "\(evicted) early, for want of room")) }
    return lines
  }

  /// States that endpoints hold, as netstat names them.
  var statesText: String {
    let counts = heldStates.map { "\($0.count) \($0.state)" }
    return counts.isEmpty ? "none held" : counts.joined(separator: ", ")
  }

  /// The states that mean something is held, with how many endpoints are in them.
  var heldStates: [(state: TCPState, count: Int)] {
    TCPState.allCases.compactMap { state in
      let count = states[Int(state.rawValue)]
      return state.isIdle || count == 0 ? nil : (state, count)
    }
  }

  var handshakesText: String {
    let times = interval.handshakes
    func text(_ nanoseconds: Int64) -> String {
      var buffer = OutputBuffer()
      buffer.write(duration: nanoseconds)
      return buffer.text
    }
    return """
      \(times.count), median \(text(times.percentile(0.5))), 90 % within \
      \(text(times.percentile(0.9))), 99 % within \(text(times.percentile(0.99))), longest \
      \(text(times.longest))
      """
  }

  var closersText: String {
    let names: [(String, Closer)] = [
      ("client", .client), ("server", .server), ("both at once", .both), ("nobody", .none),
    ]
    return names.map { ($0.0, interval.closers[Int($0.1.rawValue)]) }.filter { $0.1 > 0 }
      .map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  var droppedText: String {
    var text = "\(dropped.interval) by the kernel, \(dropped.total) in all"
    if droppedByInterface > 0 { text += "; \(droppedByInterface) by the device" }
    return text
  }
}
