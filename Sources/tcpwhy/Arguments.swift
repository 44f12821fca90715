public import ArgumentParser
public import FlowDiagnosis
public import FlowReport
public import PacketDecoding

// How values of ours are read from the command line.

extension Severity: ExpressibleByArgument {
  public init?(argument: String) {
    guard let severity = Severity.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = severity
  }

  public var defaultValueDescription: String { description }

  public static var allValueStrings: [String] { allCases.map(\.description) }
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
