/// Reads a list of small operations out of any bytes and builds frames of a few connections from
/// them, with sequence numbers that are right or nearly so: what random bytes would never hit.
///
/// ```
/// operation (8 bytes):  | kind, tuple, side | flags | sequence | acknowledgment | length | time |
///                       | window | options |
/// ```
///
/// Most kinds make one segment. Some make a whole opening, exchange, close or flood, of which the
/// byte of the flags says what is missing or comes twice.
struct SegmentScript {
  /// A frame of raw IPv4, or of any link type when it was given as it is.
  struct Frame {
    var bytes: [UInt8]
    var nanoseconds: Int64
    /// What the first byte belongs to; nil for IPv4.
    var linkType: UInt8?
  }

  private let input: [UInt8]
  private var position = 0
  /// What the next segment of each side of each tuple would be, by tuple × 2 + side.
  private var next: [UInt32]
  private var clock: UInt32 = 1_000
  /// Frames that were made together, last one first.
  private var waiting: [Frame] = []
  /// Callers of floods.
  private var callers: UInt16 = 0
  private var now: Int64 = 1_700_000_000_000_000_000

  private static let tuples = 4
  /// Distances from where a segment ought to be.
  private static let misses: [UInt32] = [
    0, 0, 0, 0, 1, .max, 2, .max - 1, 100, 0 &- 100, 1460, 0 &- 1460, 65535, 0 &- 65535, 1 << 30,
    1 << 31,
  ]
  private static let lengths: [Int] = [0, 0, 0, 1, 10, 100, 1448, 1460, 40000, 65000]
  private static let windows: [UInt16] = [0, 1, 512, 65535]
  private static let steps: [Int64] = [
    1000, 100_000, 1_000_000, 50_000_000, 200_000_000, 1_000_000_000, 3_000_000_000,
    61_000_000_000, 121_000_000_000, 7_300_000_000_000, 90_000_000_000_000_000,
    -1000, -1_000_000_000, -10_000_000_000_000_000,
  ]
  private static let flagChoices: [UInt8] = [
    0x02, 0x12, 0x10, 0x10, 0x18, 0x11, 0x04, 0x14, 0x01, 0x00, 0x1A, 0x06, 0x03, 0xC2, 0x19, 0x3F,
  ]

  init(_ input: [UInt8], from position: Int) {
    self.input = input
    self.position = position
    next = (0..<UInt32(SegmentScript.tuples * 2)).map { $0 &* 0x2000_0000 &- 700 }
  }

  /// The next frame; nil at the end.
  mutating func nextFrame() -> Frame? {
    if let frame = waiting.popLast() { return frame }
    guard input.count - position >= 8 else { return nil }
    let operation = Array(input[position..<position + 8])
    position += 8
    now = SegmentScript.moved(now, by: operation[5])
    let tuple = Int(operation[0] & 3)
    let side = Int(operation[0] >> 2 & 1)
    switch operation[0] >> 3 {
    case 31: return givenFrame(operation)
    case 30: return icmpError(tuple, side, operation)
    case 29:
      // The side begins anew somewhere else, as after a reboot.
      next[tuple * 2 + side] &+= UInt32(operation[1]) << 24
    case 28:
      now = SegmentScript.extremes[Int(operation[1]) % SegmentScript.extremes.count]
    case 24...27:
      var scene = Scene(operation)
      switch operation[0] >> 3 {
      case 27: scene.exchange()
      case 26: scene.open()
      case 25: scene.close()
      default: return flood(operation)
      }
      // At least one is always made.
      waiting = scene.operations.map { made in
        now = SegmentScript.moved(now, by: made[5])
        return segment(tuple, Int(made[0]), made)
      }
      .reversed()
      return waiting.popLast()
    default: break
    }
    return segment(tuple, side, operation)
  }

  /// Several operations made of one, each with its side in the first byte.
  private struct Scene {
    private let source: [UInt8]
    private(set) var operations: [[UInt8]] = []

    init(_ source: [UInt8]) { self.source = source }

    /// Adds a segment without misses; `flags` is a place in `flagChoices`.
    private mutating func add(_ side: UInt8, _ flags: UInt8, length: UInt8 = 0, step: UInt8 = 1) {
      operations.append([side, flags, 0, 0, length, step, source[6] | 3, source[7]])
    }

    private var side: UInt8 { source[0] >> 2 & 1 }

    private func has(_ bit: UInt8) -> Bool { source[1] & bit != 0 }

    /// Data of one side, each piece acknowledged at once; the one before the last is amiss.
    mutating func exchange() {
      let rounds = 1 + source[1] & 15
      for round in 1...rounds {
        add(side, 4, length: source[4], step: source[5])
        if round == rounds - 1 { operations[operations.count - 1][2] = source[2] }
        if source[1] & 0x10 == 0 { add(1 - side, 2, step: source[3] & 3) }
      }
    }

    mutating func open() {
      add(side, 0)
      if has(1) { add(side, 0, step: source[3]) }
      if !has(2) { add(1 - side, 1) }
      if has(4) { add(1 - side, 1, step: source[3]) }
      if !has(8) { add(side, 2) }
      if has(16) { add(side, 4, length: source[4], step: source[2]) }
    }

    /// With a new call at last, if the bit says so.
    mutating func close() {
      add(side, 5)
      if has(1) { add(side, 5, step: source[3]) }
      if !has(2) { add(1 - side, 2) }
      if !has(4) { add(1 - side, 5, step: source[4]) }
      if !has(8) { add(side, 2) }
      if has(16) { add(side, 7) }
      guard has(32) else { return }
      add(has(64) ? side : 1 - side, 0, step: source[2] & 15)
      // Answered as a listener does, or by what it remembers.
      if !has(128) { add(has(64) ? 1 - side : side, source[3] & 3, step: 1) }
    }
  }

  /// SYNs of many callers, who may go on.
  private mutating func flood(_ operation: [UInt8]) -> Frame? {
    waiting = (0...operation[1] & 3).map { number in
      callers &+= 1
      var header = FrameBytes.TCP()
      header.sourcePort = 50000 &+ callers
      header.sequence = UInt32(callers) << 8
      header.flags = operation[4] & 1 == 0 ? 2 : 0x10
      header.options = options(operation[7], operation[6])
      let address = 0x0a01_0000 | (operation[2] & 1 == 0 ? 1 : UInt32(callers))
      return Frame(
        bytes: FrameBytes.ipv4(
          from: address, to: 0x0a00_0002, header.bytes, identification: UInt16(number)),
        nanoseconds: now)
    }
    return waiting.popLast()
  }

  private static let extremes: [Int64] = [
    .min, .min + 1, -1, 0, .max, .max - 1, 1 << 62, -(1 << 62), 1_700_000_000_000_000_000,
  ]

  private static func moved(_ time: Int64, by choice: UInt8) -> Int64 {
    let (sum, overflow) = time.addingReportingOverflow(steps[Int(choice) % steps.count])
    return overflow ? time : sum
  }

  private mutating func segment(_ tuple: Int, _ side: Int, _ operation: [UInt8]) -> Frame {
    let (own, peer) = (tuple * 2 + side, tuple * 2 + 1 - side)
    let miss = SegmentScript.misses[Int(operation[2] & 15)]
    let flags =
      operation[1] < 240
      ? SegmentScript.flagChoices[Int(operation[1] & 15)] : operation[1] &* 37
    let length = SegmentScript.lengths[Int(operation[4]) % SegmentScript.lengths.count]
    var header = ports(tuple, side)
    header.sequence = next[own] &+ miss
    header.acknowledgment = next[peer] &+ SegmentScript.misses[Int(operation[3] & 15)]
    header.flags = flags
    header.window = SegmentScript.windows[Int(operation[6] & 3)]
    clock &+= UInt32(operation[6])
    header.options = options(operation[7], operation[6])
    if flags & 4 == 0, miss == 0 || operation[2] & 0x80 != 0 {
      next[own] =
        header.sequence &+ UInt32(length) &+ (flags & 2 != 0 ? 1 : 0) &+ (flags & 1 != 0 ? 1 : 0)
    }
    let (source, destination) = addresses(tuple, side)
    return Frame(
      bytes: FrameBytes.ipv4(
        from: source, to: destination, header.bytes,
        payloadLength: min(length, 65535 - 20 - header.bytes.count),
        identification: UInt16(operation[3]) &* 257),
      nanoseconds: now)
  }

  /// Options by one byte: which ones, and whether the clock of the timestamps is off.
  private func options(_ choice: UInt8, _ value: UInt8) -> [UInt8] {
    var options: [UInt8] = []
    if choice & 63 == 0 { return options }
    options.reserveCapacity(56)
    if choice & 1 != 0 {
      options.append(big: UInt16(0x0204))
      options.append(big: UInt16(value) &* 37)
    }
    if choice & 2 != 0 { options.append(contentsOf: [3, 3, value & 31]) }
    if choice & 4 != 0 { options.append(big: UInt16(0x0402)) }
    if choice & 8 != 0 {
      options.append(big: UInt16(0x080a))
      options.append(big: choice & 0x40 != 0 ? clock &- UInt32(value) << 24 : clock)
      options.append(big: clock &- UInt32(value & 7))
    }
    if choice & 16 != 0 {
      options.append(big: UInt16(0x050a))
      options.append(big: next[Int(value & 7)])
      options.append(big: next[Int(value & 7)] &+ UInt32(value))
    }
    if choice & 32 != 0 {
      options.append(contentsOf: [34, 2 + min(value & 7, 4), 0, 0, 0, 0])
    }
    if options.count > 40 { options.removeLast(options.count - 40) }
    return options
  }

  /// Two tuples of ordinary addresses, one of a socket that talks to itself, one with port 0.
  private func ports(_ tuple: Int, _ side: Int) -> FrameBytes.TCP {
    var header = FrameBytes.TCP()
    let client: UInt16 = tuple == 2 ? 80 : 40000 &+ UInt16(tuple)
    let server: UInt16 = tuple == 3 ? 0 : 80
    (header.sourcePort, header.destinationPort) = side == 0 ? (client, server) : (server, client)
    return header
  }

  private func addresses(_ tuple: Int, _ side: Int) -> (UInt32, UInt32) {
    let (client, server): (UInt32, UInt32) = (0x0a00_0001, tuple == 2 ? 0x0a00_0001 : 0x0a00_0002)
    return side == 0 ? (client, server) : (server, client)
  }

  /// An ICMP error of any type about the next segment of a side.
  private func icmpError(_ tuple: Int, _ side: Int, _ operation: [UInt8]) -> Frame {
    var header = ports(tuple, side)
    header.sequence = next[tuple * 2 + side] &+ SegmentScript.misses[Int(operation[2] & 15)]
    let (source, destination) = addresses(tuple, side)
    let quoted = FrameBytes.ipv4(from: source, to: destination, header.bytes, payloadLength: 1400)
    let error = [operation[1] & 15, operation[3] & 15, 0, 0, 0, 0, operation[4], operation[6]]
    return Frame(
      bytes: FrameBytes.ipv4(
        from: 0x0a00_0009, to: source, protocolNumber: 1,
        error + quoted.prefix(20 + Int(operation[7] & 31))),
      nanoseconds: now)
  }

  /// The bytes that follow, as they are: link type and 16 bits of length in the operation.
  private mutating func givenFrame(_ operation: [UInt8]) -> Frame {
    let length = Int(operation[2]) << 8 | Int(operation[3])
    let end = min(position + length, input.count)
    let bytes = Array(input[position..<end])
    position = end
    return Frame(bytes: bytes, nanoseconds: now, linkType: operation[1])
  }
}
