import ArgumentParser
import FlowReport

/// The kinds of records asked for: names with commas between.
struct RecordChoice: ExpressibleByArgument {
  var kinds = RecordKinds.all

  init() {}

  init?(argument: String) {
    kinds = []
    for name in argument.split(separator: ",") {
      guard let (_, kind) = RecordKinds.named.first(where: { $0.name == name }) else { return nil }
      kinds.insert(kind)
    }
    if kinds.isEmpty { return nil }
  }

  var defaultValueDescription: String { "all" }
}
