/// What the first bytes of a file say about what it is.
enum FileSignature {
  /// The compressions that are unpacked on the way in.
  static func compression(of beginning: [UInt8]) -> Compression? {
    Compression.allCases.first { beginning.starts(with: $0.magic) }
  }

  /// Why a file that begins so is not read.
  static func refusal(of beginning: [UInt8]) -> CaptureError.Kind {
    if beginning.isEmpty { return .empty }
    let known: [(magic: [UInt8], name: String)] = [
      (Array("snoop\0\0\0".utf8), "a snoop capture"),
      (Array("GMBU".utf8), "a Microsoft Network Monitor capture"),
      (Array("RTSS".utf8), "a Microsoft Network Monitor capture"),
      (Array("BZh".utf8), "bzip2 compression"),
      ([0x50, 0x4b, 0x03, 0x04], "a ZIP archive"),
    ]
    guard let match = known.first(where: { beginning.starts(with: $0.magic) }) else {
      return .notACapture
    }
    return .unsupported(match.name)
  }
}

/// A compression that a program of the system unpacks.
enum Compression: CaseIterable, Sendable {
  case gzip, zstd, lz4, xz

  /// The bytes a file of that kind begins with (RFC 1952 §2.3.1, RFC 8878 §3.1.1, the LZ4 frame
  /// and the XZ file format).
  var magic: [UInt8] {
    switch self {
    case .gzip: [0x1f, 0x8b]
    case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
    case .lz4: [0x04, 0x22, 0x4d, 0x18]
    case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
    }
  }

  /// The program that writes the content to its standard output with `-dc`.
  var program: String {
    switch self {
    case .gzip: "gzip"
    case .zstd: "zstd"
    case .lz4: "lz4"
    case .xz: "xz"
    }
  }
}
