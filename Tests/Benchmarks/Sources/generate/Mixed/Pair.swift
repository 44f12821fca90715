/// Two hosts that connect, and the path between them.
struct Pair {
  var hosts: [UInt32]
  var ports: [UInt16]
  var isIPv6 = false
  var isSelf = false
  var ends: [End]
  /// From each side to the point of capture.
  var delays: [Int64]
  /// Out of a thousand segments, before and behind the point of capture.
  var lossBefore = 0
  var lossAfter = 0
  var reordering = 0
  var repetition = 0
  /// Segments that arrive with a wrong checksum.
  var spoiling = 0
  /// Sides whose checksums are not computed before the capture.
  var isOffloaded = [false, false]
  /// Sides whose segments take another way.
  var isUnseen = [false, false]
  /// Nothing is captured before.
  var captureBegin: Int64 = .min
  /// How the server takes a SYN.
  var answer = Answer.accept
  /// Segments that the server still ignores.
  var ignoring = 0

  enum Answer { case accept, refuse, silence, wrongEcho, wrongAcknowledgment }

  init(number: Int, start: Int64, random: inout Random) {
    hosts = [UInt32(0x10_0000 + number % 97), UInt32(0x20_0000 + number % 7)]
    ports = [UInt16(20_000 + number / 97), random.one(of: [80, 443, 22, 5432])]
    isIPv6 = random.happens(200)
    ends = [End(&random), End(&random)]
    ends[1].state = .listen
    let far = Int64(random.one(of: [20, 500, 5_000, 40_000, 150_000])) * 1000
    let near = Int64(random.one(of: [10, 10, 200, 20_000])) * 1000
    delays = random.happens(500) ? [near, far] : [far, near]
    // Half of the paths are sound.
    if random.happens(500) {
      lossBefore = random.one(of: [0, 0, 10, 100, 300])
      lossAfter = random.one(of: [0, 0, 10, 100, 300])
      reordering = random.one(of: [0, 0, 20, 200])
      repetition = random.one(of: [0, 0, 0, 50])
      spoiling = random.one(of: [0, 0, 0, 30])
    }
    if random.happens(50) { isOffloaded[random.below(2)] = true }
    if random.happens(30) { isUnseen[random.below(2)] = true }
    if random.happens(60) { captureBegin = start + Int64(random.below(20_000)) * 50_000_000 }
    if random.happens(10) {
      isSelf = true
      hosts[1] = hosts[0]
      ports[1] = ports[0]
    }
    if random.happens(150) {
      answer = random.one(of: [.refuse, .refuse, .silence, .wrongEcho, .wrongAcknowledgment])
    }
    if random.happens(60) { ignoring = random.within(1...6) }
  }
}

/// One end: as much of TCP as it takes to get into every state.
struct End {
  enum State {
    case closed, listen, synSent, synReceived, established, finWait1, finWait2, closing, timeWait,
      closeWait, lastAck
  }

  var state = State.closed
  var initial: UInt32
  var unacknowledged: UInt32 = 0
  var next: UInt32 = 0
  /// The highest it has sent.
  var highest: UInt32 = 0
  var receiveNext: UInt32 = 0
  /// A block that arrived ahead of a hole.
  var ahead: (UInt32, UInt32)?
  /// Bytes that the process has written and nobody has sent yet.
  var written = 0
  var wantsToClose = false
  var sentFIN = false
  var peerWindow = 0
  var reads = true
  /// Bytes that wait to be read.
  var unread = 0
  /// Whether the host is still there.
  var isAlive = true
  var retries = 0
  var mostRetries: Int
  var timer: UInt32 = 0
  var repeatedAcks = 0
  var delaysAcks: Bool
  var owesAck = false
  var usesTimestamps: Bool
  var usesSACK: Bool
  var clockOffset: UInt32
  /// Latest timestamp of the peer.
  var recent: UInt32 = 0
  var scale: UInt8?
  var maximumSegment: Int
  /// Several segments in one frame, as before offloading cuts them.
  var oversizes: Bool
  var timeToLive: UInt8
  var identification: UInt16 = 0
  var keepsAlive: Bool

  init(_ random: inout Random) {
    initial = random.happens(50) ? 0xFFFF_FFF0 &+ UInt32(random.below(16)) : random.word()
    mostRetries = random.within(2...8)
    delaysAcks = random.happens(500)
    usesTimestamps = !random.happens(150)
    usesSACK = !random.happens(150)
    clockOffset = random.happens(50) ? 0xFFFF_FFFF : random.word()
    scale = random.happens(200) ? nil : UInt8(random.below(10))
    maximumSegment = random.one(of: [1460, 1460, 1448, 536])
    oversizes = random.happens(100)
    timeToLive = UInt8(random.one(of: [64, 64, 63, 128, 57, 255]))
    keepsAlive = random.happens(100)
  }

  var isSynchronized: Bool {
    switch state {
    case .closed, .listen, .synSent: false
    default: true
    }
  }

  /// Whether it may send data of its own.
  var mayWrite: Bool {
    state == .established || state == .closeWait
  }

  var window: UInt16 {
    let room = max(0, 60_000 - unread)
    return UInt16(min(65_535, room >> Int(scale ?? 0)))
  }

  /// An end begins anew, as after a new `connect` or `accept`.
  mutating func restart(_ random: inout Random) {
    let old = self
    self = End(&random)
    // What belongs to the host stays.
    clockOffset = random.happens(100) ? clockOffset : old.clockOffset
    usesTimestamps = old.usesTimestamps
    usesSACK = old.usesSACK
    timeToLive = old.timeToLive
    timer = old.timer
    initial = random.happens(600) ? old.highest &+ UInt32(random.below(1 << 20)) : initial
  }
}

/// a - b, as sequence numbers.
func distance(_ first: UInt32, _ second: UInt32) -> Int {
  Int(Int32(bitPattern: first &- second))
}
