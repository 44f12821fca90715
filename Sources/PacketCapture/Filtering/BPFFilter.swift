internal import CLibpcap
public import PacketDecoding

/// A filter in the language of pcap-filter(7), for frames that come from files.
///
/// The same words mean different bytes on different links, so it is compiled once for each link
/// type it meets.
public struct BPFFilter: ~Copyable, Sendable {
  /// What was asked for.
  public let expression: String
  /// Why the frames of some link types could not be held against it, a reason for each. They were
  /// dropped.
  public private(set) var problems: [CaptureError] = []
  private var programs: [LinkType: BPFProgram] = [:]
  private var refused: Set<LinkType> = []
  /// A file may name 65,536 link types, and no more than these are compiled for.
  private static let linkTypeLimit = 64

  /// Compiles an expression.
  ///
  /// - Parameters:
  ///   - expression: The filter; an empty one wants all frames.
  ///   - linkTypes: The link types it will meet, so that an error is told now and not later.
  public init(
    _ expression: String, linkTypes: [LinkType] = [.ethernet]
  ) throws(CaptureError) {
    self.expression = expression
    for type in linkTypes { try compile(for: type) }
  }

  /// Whether the filter wants a frame.
  public mutating func matches(
    _ bytes: Span<UInt8>, _ header: FrameHeader
  ) throws(CaptureError) -> Bool {
    try program(for: header.linkType).matches(bytes, originalLength: header.originalLength)
  }

  /// Drops the frames of a batch that the filter does not want; the others keep their numbers.
  public mutating func apply(to batch: inout FrameBatch) {
    guard batch.count > 0 else { return }
    for index in 0..<batch.count {
      let type = batch.header(at: index).linkType
      guard programs[type] == nil, !refused.contains(type),
        programs.count + refused.count < BPFFilter.linkTypeLimit
      else { continue }
      do throws(CaptureError) {
        try compile(for: type)
      } catch {
        refused.insert(type)
        problems.append(error)
      }
    }
    let programs = programs
    batch.keep { bytes, header in
      programs[header.linkType]?.matches(bytes, originalLength: header.originalLength) ?? false
    }
  }

  private mutating func compile(for linkType: LinkType) throws(CaptureError) {
    _ = try program(for: linkType)
  }

  private mutating func program(for linkType: LinkType) throws(CaptureError) -> BPFProgram {
    if let known = programs[linkType] { return known }
    // A handle without a device or file, only to tell the compiler the link type.
    guard let dead = unsafe pcap_open_dead(linkType.dataLink, Int32(FrameBatch.frameLimit)) else {
      throw CaptureError(.badFilter("out of memory"), source: expression)
    }
    let program = try BPFProgram(expression, handle: unsafe PcapHandle(adopting: dead))
    programs[linkType] = program
    return program
  }
}
