/// Turns frames into segments. Holds what must outlive one frame: IP fragments waiting for the
/// rest of their packet, in bounded space.
public struct PacketDecoder: ~Copyable {
  /// Whether TCP checksums are verified where the whole segment was captured; each of its bytes has
  /// to be read for that. Otherwise they are `.unverified`.
  public var verifiesChecksums = true
  private var fragments = FragmentReassembly()

  public init() {}

  /// How many fragmented packets were given up: parts of them did not come within 30 seconds, or
  /// too many packets waited at a time.
  public var abandonedFragmentedPackets: UInt64 { fragments.abandoned }

  /// Decodes one frame.
  ///
  /// - Parameters:
  ///   - bytes: What was captured of the frame, from its link header on.
  ///   - header: What the capture says about it.
  ///   - segment: Overwritten with the TCP segment when the result is `.segment`; otherwise its
  ///     content is unspecified.
  /// - Returns: What the frame was. Never traps, whatever the bytes.
  public mutating func decode(
    _ bytes: Span<UInt8>, header: FrameHeader, into segment: inout Segment
  ) -> DecodeOutcome {
    decodeOrdinary(bytes, header: header, into: &segment)
      ? .segment : walk(bytes, header, &segment)
  }

  /// Decodes frames as long as they have the form that most traffic has: less to do, and less to say,
  /// than `decode`, which tells what the next one is.
  ///
  /// - Parameters:
  ///   - frames: The frames.
  ///   - block: The bytes in which they lie.
  ///   - segments: Written over with theirs, as many as there is room for.
  ///   - start: The first one to be written over. What follows the last one is unspecified.
  /// - Returns: How many were decoded.
  public mutating func decodeOrdinary(
    _ frames: Span<FrameRecord>, in block: Span<UInt8>,
    into segments: inout MutableSpan<Segment>, from start: Int
  ) -> Int {
    let most = min(frames.count, segments.count &- start)
    var count = 0
    while count < most,
      decodeOrdinary(
        block.extracting(frames[count].range), header: frames[count].header,
        into: &segments[start &+ count])
    {
      count &+= 1
    }
    return count
  }

  /// Decodes one frame of that form. Returns whether it has it; if not, the content of `segment` is
  /// unspecified.
  @inline(__always)
  private mutating func decodeOrdinary(
    _ bytes: Span<UInt8>, header: FrameHeader, into segment: inout Segment
  ) -> Bool {
    guard header.linkType == .ethernet,
      OrdinaryFrame.read(bytes, into: &segment, verifiesChecksum: verifiesChecksums)
    else { return false }
    segment.take(header)
    return true
  }

  /// Decodes a frame of any form.
  @inline(never)
  private mutating func walk(
    _ bytes: Span<UInt8>, _ header: FrameHeader, _ segment: inout Segment
  ) -> DecodeOutcome {
    guard let first = NextHeader(linkType: header.linkType) else {
      return .problem(.unsupportedLinkType)
    }
    var walk = LayerWalk(
      next: first,
      position: LayerPosition(captured: bytes.count, onWire: Int(header.originalLength)))
    return finish(&walk, bytes, header, &segment)
  }

  /// Follows the headers to the end of the walk.
  private mutating func finish(
    _ walk: inout LayerWalk, _ bytes: Span<UInt8>, _ header: FrameHeader,
    _ segment: inout Segment
  ) -> DecodeOutcome {
    do throws(DecodeProblem) {
      switch try walk.run(bytes) {
      case .tcp:
        let rest = bytes.extracting(walk.position.captured)
        guard rest.count >= TCPHeader.trackedLength else {
          throw .short(
            .tcp, needed: TCPHeader.trackedLength, available: rest.count,
            demandedBy: .trackedFields)
        }
        segment.take(header)
        segment.take(walk.envelope)
        segment.readTCP(
          rest, length: walk.envelope.payloadLength,
          verifiesChecksum: verifiesChecksums && walk.envelope.isChecksumCovered)
        return .segment
      case .icmp(let isIPv6):
        let message = try ICMPMessage(bytes.extracting(walk.position.captured), isIPv6: isIPv6)
        guard message.isError,
          let error = try message.quotedSegment(
            bytes.extracting(walk.position.captured), envelope: walk.envelope, frame: header)
        else { return .notTCP }
        return .icmpError(error)
      case .fragment(let part, let key):
        guard
          let packet = try fragments.add(
            part, key: key, bytes: bytes.extracting(walk.position.captured), time: header.time)
        else { return .fragment }
        var inner = LayerWalk(packet, after: walk)
        return finish(&inner, packet.kept.span, header, &segment)
      case .other:
        return .notTCP
      }
    } catch {
      return .problem(
        error.placed(at: walk.position.offset, wireLength: walk.position.wireLength))
    }
  }
}

extension Segment {
  /// Takes over what the capture says of the frame.
  @inline(__always)
  fileprivate mutating func take(_ header: FrameHeader) {
    frame = header.number
    time = header.time
    interface = header.interface
  }

  /// Takes over what IP says of the packet.
  fileprivate mutating func take(_ envelope: PacketEnvelope) {
    source = envelope.source
    destination = envelope.destination
    identification = envelope.identification
    hopLimit = envelope.hopLimit
    explicitCongestion = envelope.explicitCongestion
    packetLength = UInt32(truncatingIfNeeded: envelope.packetLength)
  }
}

/// What a frame turned out to be.
public enum DecodeOutcome: Equatable, Sendable {
  /// A TCP segment.
  case segment
  /// An ICMP or ICMPv6 error that quotes a TCP segment.
  case icmpError(ICMPError)
  /// A fragment that does not complete its packet yet.
  case fragment
  /// Something that is not TCP: ARP, UDP, …
  case notTCP
  /// It could not be decoded as far as TCP.
  case problem(DecodeProblem)
}
