import Foundation
import Testing

@Suite("Unsafe code")
struct UnsafeCodeTests {
  /// Where it may stand: at the boundary to C, in the one array on which all storage of the tracker
  /// stands, and where words of text are stored (a sixth of a line of JSON). The other modules and the
  /// executable have none.
  private static let allowed: Set<String> = [
    "BlockStorage/BlockArray.swift",
    "FlowReport/TextBlock.swift",
    "PacketCapture/Filtering/BPFFilter.swift",
    "PacketCapture/Filtering/BPFProgram.swift",
    "PacketCapture/FrameCopier.swift",
    "PacketCapture/Live/CaptureDevice.swift",
    "PacketCapture/Live/CaptureError+Device.swift",
    "PacketCapture/Live/LiveCapture.swift",
    "PacketCapture/PcapHandle.swift",
    "PacketCapture/Privileges.swift",
    "PacketCapture/Reading/LibpcapReader.swift",
    "PacketCapture/Reading/Unpacking.swift",
    "PacketCapture/System/Descriptors.swift",
    "PacketCapture/System/Directory.swift",
    "PacketCapture/System/Environment.swift",
    "PacketCapture/System/LibpcapVersion.swift",
    "PacketCapture/Writing/CaptureWriter+Files.swift",
    "PacketCapture/Writing/CaptureWriter.swift",
  ]

  @Test("stands only where C is called, where blocks of memory are and where text is put into one")
  func places() throws {
    let sources = Repository.files(below: "Sources").filter { $0.hasSuffix(".swift") }
    #expect(sources.count > 100)
    var found: Set<String> = []
    for path in sources {
      let text = try String(
        contentsOf: Repository.root.appending(path: "Sources/\(path)"), encoding: .utf8)
      let hasUnsafeCode = text.split(separator: "\n").contains { line in
        let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
        return code.contains("unsafe") || code.contains("Unsafe")
      }
      if hasUnsafeCode { found.insert(path) }
    }
    #expect(found.subtracting(UnsafeCodeTests.allowed).sorted() == [], "it has spread")
    #expect(UnsafeCodeTests.allowed.subtracting(found).sorted() == [], "no longer needed")
  }

  @Test("is told by the compiler: every Swift target is strict about memory, none is unchecked")
  func settings() throws {
    let manifest = try String(
      contentsOf: Repository.root.appending(path: "Package.swift"), encoding: .utf8)
    #expect(manifest.contains(".strictMemorySafety()"))
    #expect(!manifest.contains("unsafeFlags"))
    #expect(!manifest.contains("Ounchecked"))
  }
}
