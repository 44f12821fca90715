/// A one's complement sum of 16-bit words (RFC 1071), kept wide and folded at the end. The words are
/// added with their bytes exchanged, which comes to the same, exchanged (§2 B), and four at a time, with
/// the carry added to the end (§2 C): so bytes are added as they are read.
struct InternetSum {
  private var words: UInt64 = 0

  /// Adds a number of up to 32 bits that stands at an even offset.
  @inline(__always)
  mutating func add(_ word: UInt32) {
    words = InternetSum.sum(words, UInt64(word.byteSwapped))
  }

  /// Adds an address. Of an IPv4-mapped one only four bytes count; the others come to 0xffff, which is
  /// zero here.
  @inline(__always)
  mutating func add(_ address: IPAddress) {
    words = InternetSum.sum(words, address.high.byteSwapped)
    words = InternetSum.sum(words, address.low.byteSwapped)
  }

  /// Adds bytes that start at an even offset; an odd last byte is followed by a zero.
  @inline(__always)
  mutating func add(_ bytes: Span<UInt8>) {
    // Two sums, so that neither waits for the other's carry.
    var even = words
    var odd: UInt64 = 0
    var offset = 0
    // A piece of constant length needs one bounds check for all of its bytes.
    while bytes.count &- offset >= 32 {
      let piece = bytes.extracting(offset..<offset &+ 32)
      even = InternetSum.sum(even, piece.exchanged(at: 0))
      odd = InternetSum.sum(odd, piece.exchanged(at: 8))
      even = InternetSum.sum(even, piece.exchanged(at: 16))
      odd = InternetSum.sum(odd, piece.exchanged(at: 24))
      offset &+= 32
    }
    // What is left in halves: a step each, where a loop would be guessed wrong.
    if bytes.count &- offset >= 16 {
      let piece = bytes.extracting(offset..<offset &+ 16)
      even = InternetSum.sum(even, piece.exchanged(at: 0))
      odd = InternetSum.sum(odd, piece.exchanged(at: 8))
      offset &+= 16
    }
    if bytes.count &- offset >= 8 {
      even = InternetSum.sum(even, bytes.extracting(offset..<offset &+ 8).exchanged(at: 0))
      offset &+= 8
    }
    // Less than eight bytes.
    var rest: UInt64 = 0
    if bytes.count &- offset >= 4 {
      rest = UInt64(bytes.extracting(offset..<offset &+ 4).uint32(at: 0).byteSwapped)
      offset &+= 4
    }
    if bytes.count &- offset >= 2 {
      rest &+= UInt64(bytes.extracting(offset..<offset &+ 2).uint16(at: 0).byteSwapped)
      offset &+= 2
    }
    if offset < bytes.count { rest &+= UInt64(bytes[offset]) }
    words = InternetSum.sum(InternetSum.sum(even, odd), rest)
  }

  @inline(__always)
  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, isOver) = left.addingReportingOverflow(right)
    return sum &+ (isOver ? 1 : 0)
  }

  /// The sum in 16 bits, not complemented; 0xffff for a sum that is right.
  @inline(__always)
  var folded: UInt16 {
    // 33 bits, 18, 17 and 16.
    var sum = (words >> 32) &+ (words & 0xffff_ffff)
    sum = (sum >> 16) &+ (sum & 0xffff)
    sum = (sum >> 16) &+ (sum & 0xffff)
    sum = (sum >> 16) &+ (sum & 0xffff)
    return UInt16(truncatingIfNeeded: sum).byteSwapped
  }
}

extension Span<UInt8> {
  /// Eight bytes, the first one the lowest.
  @inline(__always)
  fileprivate func exchanged(at offset: Int) -> UInt64 { uint64(at: offset).byteSwapped }
}

extension ChecksumState {
  /// Judges the checksum of a whole segment (RFC 9293 §3.1, "Checksum").
  ///
  /// - Parameters:
  ///   - segment: The bytes of the segment, 20 or more.
  ///   - source: Its sender, part of the pseudo-header as the destination is.
  ///   - destination: Where it is bound for in the end.
  @inline(never)
  init(segment: Span<UInt8>, source: IPAddress, destination: IPAddress) {
    var addresses = InternetSum()
    addresses.add(source)
    addresses.add(destination)
    addresses.add(6)
    var pseudoHeader = addresses
    pseudoHeader.add(UInt32(truncatingIfNeeded: segment.count))
    var whole = pseudoHeader
    whole.add(segment)
    if whole.folded == 0xffff {
      self = .valid
      return
    }
    // A host that leaves the work to its card stores the sum of the pseudo-header, uncomplemented,
    // with the length of the segment or, where the card will cut it, with none.
    let field = segment.uint16(at: 16)
    let isOffloaded = field == 0 || field == pseudoHeader.folded || field == addresses.folded
    self = isOffloaded ? .offloaded : .invalid
  }
}
