import Foundation
import Testing

/// What the program prints of every capture of the repository, to the letter.
@Suite struct ExpectedOutputTests {
  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Captures")

  /// The captures, as paths inside the folder.
  static let paths: [String] = {
    let found = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
    return (found ?? []).filter { $0.hasSuffix(".pcap") }.sorted()
  }()

  @Test("There are captures to compare")
  func thereAreCaptures() {
    #expect(ExpectedOutputTests.paths.count > 100)
  }

  @Test(
    "A capture gives the output that lies beside it, whatever the number of threads",
    arguments: ExpectedOutputTests.paths, [1, 2, 4])
  func printsWhatIsExpected(_ capture: String, threads: Int) throws {
    let url = ExpectedOutputTests.folder.appending(path: capture)
    let expected = try String(
      contentsOf: url.deletingPathExtension().appendingPathExtension("expected.txt"),
      encoding: .utf8)
    let result = try Program.run(
      ["--threads", "\(threads)", url.lastPathComponent], folder: url.deletingLastPathComponent())
    #expect(result.status == 0)
    #expect(
      result.output == expected,
      "If the new output is better, Captures/record/expect.sh writes it; review its diff.")
  }
}
