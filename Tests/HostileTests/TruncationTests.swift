import PacketCapture
import PacketDecoding
import Testing

@Suite("Frames cut anywhere")
struct TruncationTests {
  @Test("give the same segment as far as they reach", arguments: Repository.samples)
  func everyLength(capture: String) throws {
    var file = try CaptureFile(path: Repository.path(of: capture))
    var batch = FrameBatch()
    var decoder = PacketDecoder()
    var whole = Segment()
    var cut = Segment()
    var segments = 0
    while try file.read(into: &batch) {
      for index in 0..<min(batch.count, 400) {
        let header = batch.header(at: index)
        let bytes = batch.bytes.span.extracting(batch.range(at: index))
        let outcome = decoder.decode(bytes, header: header, into: &whole)
        for length in 0...bytes.count {
          let result = decoder.decode(
            bytes.extracting(0..<length), header: header, into: &cut)
          guard case .segment = result else { continue }
          segments += 1
          try #require(outcome == .segment)
          try #require(cut.source == whole.source && cut.destination == whole.destination)
          try #require(cut.sequence == whole.sequence && cut.flags == whole.flags)
          try #require(cut.payloadLength == whole.payloadLength)
          try #require(cut.options.isSubset(of: whole.options))
        }
      }
    }
    #expect(segments > 0)
  }
}
