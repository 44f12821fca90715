public import ArgumentParser
import FlowDiagnosis
public import FlowReport
public import PacketDecoding

// How values of ours are read from the command line.

extension Severity {
  /// The severity of a name.
  init(named name: String) throws {
    guard let severity = Severity.allCases.first(where: { "\($0)" == name }) else {
      throw ValidationError("A severity is note, warning or error.")
    }
    self = severity
  }
}

extension TimeStyle: ExpressibleByArgument {
  public init?(argument: String) {
    self.init(name: argument)
  }
}

extension IPAddress: ExpressibleByArgument {
  public init?(argument: String) {
    self.init(argument)
  }
}
