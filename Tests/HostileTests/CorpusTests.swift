import Foundation
import Testing

@Suite("Inputs that once failed")
struct CorpusTests {
  @Test("pass now", arguments: Repository.files(below: "Tests/Fuzzing/Corpus"))
  func replay(path: String) throws {
    let input = Array(
      try Data(contentsOf: Repository.root.appending(path: "Tests/Fuzzing/Corpus/\(path)")))
    switch path.prefix(while: { $0 != "/" }) {
    case "frames": FrameHarness.run(input)
    case "options": OptionHarness.run(input)
    case "files": FileHarness(path: ScratchFile().path).run(input)
    case "pipeline", "report": PipelineHarness.run(input, output: .all)
    default: Issue.record("no target for \(path)")
    }
  }

  @Test("are joined by others that random bytes make")
  func random() {
    var generator = Generator(state: 11)
    let scratch = ScratchFile()
    let files = FileHarness(path: scratch.path)
    for _ in 0..<500 {
      let input = (0..<Int.random(in: 0..<600, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      FrameHarness.run(input)
      OptionHarness.run(input)
      files.run([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0] + input)
      PipelineHarness.run(input, output: .all)
    }
  }
}
