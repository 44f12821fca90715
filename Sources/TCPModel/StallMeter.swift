public import PacketDecoding

/// What an endpoint lost by waiting: for delayed acknowledgments as a sender, behind a closed window
/// as a receiver, and which sizes of its segments got through. A plain value of fixed size.
public struct StallMeter: Sendable, BitwiseCopyable {
  // MARK: Small segments held back until the one before was acknowledged

  /// How often this endpoint sent a small segment only when a late pure ACK had covered all before.
  public internal(set) var heldSends: UInt32 = 0
  /// How often it sent a small segment behind a small one in flight: Nagle's algorithm is off.
  public internal(set) var unheldSends: UInt32 = 0
  /// The sum of those waits for the ACK, nanoseconds.
  public internal(set) var heldTime: Int64 = 0
  /// The shortest and the longest of those waits, microseconds.
  public internal(set) var shortestHold: UInt32 = .max
  public internal(set) var longestHold: UInt32 = 0
  /// The shortest time between data of this endpoint and an acknowledgment of all of it,
  /// microseconds; the maximum if there was none.
  public internal(set) var quickestAcknowledgment: UInt32 = .max
  /// Low halves of the frames of the first such wait: data, its ACK, the segment that waited.
  public internal(set) var firstHeldFrames = (data: UInt32(0), ack: UInt32(0), release: UInt32(0))
  /// Low half of the frame that the last such wait released.
  public internal(set) var lastReleaseFrame: UInt32 = 0

  // MARK: Its closed receive window

  /// How often it closed its window.
  public internal(set) var closures: UInt32 = 0
  /// Probes and other attempts of the peer against the closed window.
  public internal(set) var probes: UInt32 = 0
  /// Probes that the longest closure (still open ones apart) drew.
  public internal(set) var longestClosureProbes: UInt32 = 0
  /// The sum of the closures that ended, nanoseconds.
  public internal(set) var closedTime: Int64 = 0
  /// The longest of them.
  public internal(set) var longestClosure: Int64 = 0
  /// When the window was closed that is closed now; the epoch while it is open.
  public internal(set) var closedSince = CaptureTime.epoch
  /// Probes against the window that is closed now.
  public internal(set) var openProbes: UInt32 = 0
  /// Low halves of frames: what closed the window last, what closed and reopened it longest.
  public internal(set) var closingFrame: UInt32 = 0
  public internal(set) var longestClosingFrame: UInt32 = 0
  public internal(set) var reopeningFrame: UInt32 = 0

  // MARK: Sizes that got through

  /// The largest payload of a segment of this endpoint that the peer acknowledged.
  public internal(set) var largestDelivered: UInt32 = 0
  /// The first range beyond a hole that the peer reported (SACK), bytes, and the low half of its
  /// frame; 0 if none.
  public internal(set) var firstBeyondHole: UInt32 = 0
  public internal(set) var firstBeyondHoleFrame: UInt32 = 0

  var largestInFlight: UInt32 = 0
  var room: UInt32 = 0
  var dataFrame: UInt32 = 0
  var ackFrame: UInt32 = 0
  /// When it last sent new data that is unacknowledged; the epoch if none.
  var dataTime = CaptureTime.epoch
  /// When a late pure ACK covered all it had sent; the epoch if nothing waits for such a release.
  var ackTime = CaptureTime.epoch
  /// The wait that `ackTime` ended, microseconds.
  var pendingHold: UInt32 = 0
  /// Whether its last segment of data was smaller than full.
  var wasSmall = false

  init() {}
}

extension StallMeter {
  /// How much later than a round trip an ACK has to come to count as delayed, nanoseconds: Linux
  /// delays by 40 ms, others by 200, RFC 9293 §3.8.6.3 allows up to 500.
  private static let delay: ClosedRange<Int64> = 20_000_000...700_000_000
  /// What a sender needs to send what it holds, nanoseconds.
  private static let release: Int64 = 5_000_000

  /// The peer of this meter's endpoint acknowledges.
  @inline(__always)
  fileprivate mutating func observeAcknowledgment(
    _ segment: Segment, unacknowledged before: SequenceNumber, next: SequenceNumber,
    _ roundTrip: Int64
  ) {
    let acknowledgment = SequenceNumber(segment.acknowledgment)
    if segment.sackCount > 0, firstBeyondHole == 0 {
      let block = segment.sackBlocks[0]
      if acknowledgment.precedes(SequenceNumber(block.left)) {
        firstBeyondHole = block.right &- block.left
        firstBeyondHoleFrame = UInt32(truncatingIfNeeded: segment.frame)
      }
    }
    if segment.payloadLength > 0 { ackTime = .epoch }
    guard before.precedes(acknowledgment), acknowledgment.precedesOrEquals(next) else { return }
    let advance = acknowledgment.rawValue &- before.rawValue
    largestDelivered = max(largestDelivered, min(advance, largestInFlight))
    guard acknowledgment == next else { return }
    largestInFlight = 0
    guard dataTime != .epoch else { return }
    let wait = segment.time.nanoseconds(since: dataTime)
    dataTime = .epoch
    guard wait >= 0 else { return }
    quickestAcknowledgment = min(quickestAcknowledgment, UInt32(clamping: wait / 1000))
    if segment.payloadLength == 0, !segment.flags.contains(.fin),
      StallMeter.delay.contains(wait - roundTrip)
    {
      ackTime = segment.time
      ackFrame = UInt32(truncatingIfNeeded: segment.frame)
      pendingHold = UInt32(clamping: wait / 1000)
    }
  }

  /// This meter's endpoint offers a window.
  @inline(__always)
  fileprivate mutating func observeWindow(
    _ segment: Segment, peerUnacknowledged: SequenceNumber
  ) {
    if segment.window == 0 {
      if closedSince == .epoch {
        closedSince = segment.time
        closingFrame = UInt32(truncatingIfNeeded: segment.frame)
        openProbes = 0
        closures &+= 1
      }
    } else if closedSince != .epoch,
      peerUnacknowledged.precedesOrEquals(SequenceNumber(segment.acknowledgment))
    {
      let length = max(0, segment.time.nanoseconds(since: closedSince))
      closedSince = .epoch
      closedTime &+= length
      if length > longestClosure {
        longestClosure = length
        longestClosureProbes = openProbes
        longestClosingFrame = closingFrame
        reopeningFrame = UInt32(truncatingIfNeeded: segment.frame)
      }
    }
  }

  /// This meter's endpoint sends data.
  @inline(__always)
  fileprivate mutating func observeData(
    _ segment: Segment, _ annotations: SegmentAnnotations, unacknowledged: SequenceNumber,
    next: SequenceNumber, peerWindow: UInt32, small: UInt32, _ roundTrip: Int64
  ) {
    let length = segment.payloadLength
    guard SequenceNumber(segment.sequence) == next,
      annotations.isDisjoint(
        with: .retransmission.union(.keepAlive).union(.windowProbe).union(.outOfOrder))
    else {
      if annotations.contains(.retransmission) { largestInFlight = length }
      dataTime = .epoch
      ackTime = .epoch
      return
    }
    let isSmall = length < small
    let isAlone = unacknowledged == next
    if ackTime != .epoch {
      let pause = segment.time.nanoseconds(since: ackTime)
      if isSmall, isAlone, length <= room, pause <= roundTrip + StallMeter.release {
        if heldSends == 0 {
          firstHeldFrames = (dataFrame, ackFrame, UInt32(truncatingIfNeeded: segment.frame))
        }
        lastReleaseFrame = UInt32(truncatingIfNeeded: segment.frame)
        heldSends &+= 1
        heldTime &+= Int64(pendingHold) * 1000
        shortestHold = min(shortestHold, pendingHold)
        longestHold = max(longestHold, pendingHold)
      }
      ackTime = .epoch
    }
    if !isAlone, isSmall, wasSmall { unheldSends &+= 1 }
    wasSmall = isSmall
    largestInFlight = max(largestInFlight, length)
    // The window as far as this end can know it, less what is in flight.
    let flight = next.rawValue &- unacknowledged.rawValue &+ length
    room = peerWindow > flight ? peerWindow - flight : 0
    dataTime = segment.time
    dataFrame = UInt32(truncatingIfNeeded: segment.frame)
  }
}

/// The meters of both ends of a connection. They are kept apart from it, and only for connections
/// that live long enough, or are disturbed, for waits to matter.
public struct StallMeters: Sendable, BitwiseCopyable {
  public internal(set) var client = StallMeter()
  public internal(set) var server = StallMeter()

  init() {}

  /// The meter of a side.
  public subscript(side: Side) -> StallMeter {
    side == .client ? client : server
  }

  /// Takes a segment into account, before the step changes the endpoints.
  ///
  /// - Parameters:
  ///   - annotations: What `notice` found.
  ///   - source: The sender's end as it stands before the segment, and the receiver's. `inout` only in
  ///     order that they be passed by address: they are not changed.
  ///   - roundTrip: That of the sender's side.
  @inline(__always)
  mutating func observe(
    _ segment: inout Segment, _ annotations: SegmentAnnotations, from source: inout Endpoint,
    to destination: inout Endpoint, roundTrip: Int64, sender: Side
  ) {
    guard segment.flags.contains(.ack), segment.flags.isDisjoint(with: .syn.union(.rst)) else {
      return
    }
    if sender == .client {
      StallMeters.observe(
        &segment, annotations, from: &source, to: &destination, roundTrip, &client, &server)
    } else {
      StallMeters.observe(
        &segment, annotations, from: &source, to: &destination, roundTrip, &server, &client)
    }
  }

  private static func observe(
    _ segment: inout Segment, _ annotations: SegmentAnnotations, from source: inout Endpoint,
    to destination: inout Endpoint, _ roundTrip: Int64, _ sender: inout StallMeter,
    _ receiver: inout StallMeter
  ) {
    receiver.observeAcknowledgment(
      segment, unacknowledged: destination.sendUnacknowledged, next: destination.sendNext,
      roundTrip)
    sender.observeWindow(segment, peerUnacknowledged: destination.sendUnacknowledged)
    guard segment.payloadLength > 0 || annotations.contains(.windowProbe) else { return }
    if receiver.closedSince != .epoch, segment.payloadLength <= 1 {
      receiver.probes &+= 1
      receiver.openProbes &+= 1
    }
    let full = UInt32(destination.maximumSegmentSize)
    sender.observeData(
      segment, annotations, unacknowledged: source.sendUnacknowledged, next: source.sendNext,
      peerWindow: destination.window, small: full == 0 ? 496 : max(full, 128) - 40, roundTrip)
  }
}
