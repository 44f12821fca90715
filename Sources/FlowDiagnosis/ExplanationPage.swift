/// The page of a diagnosis, for people at a terminal. Paragraphs are plain text without line
/// breaks; whoever prints them wraps them.
public struct ExplanationPage: Sendable {
  /// What happens, mechanism first: one or more paragraphs.
  public var mechanism: [String]
  /// The packets, one line each: time or step, direction, segment, states. At most 72 columns.
  public var ladder: [String]
  /// What proves it in a capture.
  public var proof: [String]
  /// What else looks like it, and how to tell.
  public var lookAlikes: [String]
  /// What confirms it on the host: a command, and what to see in its output.
  public var confirmation: [Confirmation]
  /// What to change.
  public var remedies: [String]
  /// What people change in vain, and why.
  public var myths: [String]
  /// Standards and sources: "RFC 9293 §3.6.1".
  public var references: [String]

  public init(
    mechanism: [String], ladder: [String], proof: [String], lookAlikes: [String],
    confirmation: [Confirmation], remedies: [String], myths: [String] = [], references: [String]
  ) {
    self.mechanism = mechanism
    self.ladder = ladder
    self.proof = proof
    self.lookAlikes = lookAlikes
    self.confirmation = confirmation
    self.remedies = remedies
    self.myths = myths
    self.references = references
  }

  /// A command to run on a host, and what it shows.
  public struct Confirmation: Sendable {
    public var command: String
    public var shows: String

    public init(_ command: String, _ shows: String) {
      self.command = command
      self.shows = shows
    }
  }
}
