internal import CLibpcap
public import PacketDecoding
internal import SystemPackage

/// A device being captured. Frames come in batches from the kernel's ring; nothing here waits
/// longer than the caller says.
public struct LiveCapture: ~Copyable, Sendable {
  private let handle: PcapHandle
  private let device: String
  private let hasNanoseconds: Bool
  private let descriptor: Int32
  private var copier = FrameCopier()
  private var counted = CaptureStatistics()

  /// What the first byte of each frame belongs to.
  public let linkType: LinkType

  /// The most bytes kept of a frame.
  public let snapLength: UInt32

  /// Number of the next frame, from 1.
  public private(set) var nextFrameNumber: UInt64 = 1

  /// What libpcap wants said although the capture works; empty most of the time.
  public let warning: String

  /// Opens a device by its name; `any` is all of them.
  ///
  /// Needs root or the capability `cap_net_raw`; neither is needed afterwards.
  public init(
    device: String, options: LiveCaptureOptions = LiveCaptureOptions()
  ) throws(CaptureError) {
    let handle = try LiveCapture.create(device)
    // The handle is open and not yet active, as the setters demand. That nanoseconds cannot be
    // had is no error.
    unsafe handle.withRaw { raw in
      let snapLength = min(max(options.snapLength, 1), FrameBatch.frameLimit)
      unsafe pcap_set_snaplen(raw, Int32(snapLength))
      unsafe pcap_set_promisc(raw, options.isPromiscuous ? 1 : 0)
      unsafe pcap_set_timeout(raw, Int32(clamping: max(1, options.blockTimeout)))
      unsafe pcap_set_immediate_mode(raw, options.isImmediate ? 1 : 0)
      unsafe pcap_set_tstamp_precision(raw, PCAP_TSTAMP_PRECISION_NANO)
      if let size = options.bufferSize {
        unsafe pcap_set_buffer_size(raw, Int32(clamping: max(1, size)))
      }
    }
    let activated = unsafe handle.withRaw { unsafe pcap_activate($0) }
    guard activated >= 0 else {
      throw CaptureError(activating: device, activated, message: handle.message)
    }
    let warning = activated > 0 ? handle.message : ""
    if let filter = options.filter { try LiveCapture.install(filter, handle, device) }
    try LiveCapture.makeNonBlocking(handle, device)
    // The handle is open and active.
    linkType = unsafe handle.withRaw { unsafe LinkType(dataLink: pcap_datalink($0)) }
    snapLength = unsafe handle.withRaw { unsafe UInt32(bitPattern: pcap_snapshot($0)) }
    descriptor = unsafe handle.withRaw { unsafe pcap_get_selectable_fd($0) }
    hasNanoseconds =
      unsafe handle.withRaw { unsafe pcap_get_tstamp_precision($0) } == PCAP_TSTAMP_PRECISION_NANO
    self.warning = warning
    self.handle = handle
    self.device = device
  }

  /// Fills `batch` with the frames that have come, waiting for the first one if there are none.
  ///
  /// - Parameters:
  ///   - milliseconds: The longest wait; 0 not to wait.
  ///   - descriptor: Another descriptor that ends the wait when it can be read: a timer, or a
  ///     pipe that a signal handler writes to. A signal by itself ends the wait too, when it
  ///     comes during it.
  /// - Returns: False when there are no frames.
  /// - Throws: The device was taken away. One that is switched off is waited for: it may come back.
  public mutating func read(
    into batch: inout FrameBatch, waiting milliseconds: Int, orUntilReadable other: Int32? = nil
  ) throws(CaptureError) -> Bool {
    if try take(&batch) { return true }
    guard milliseconds > 0 else { return false }
    do throws(Errno) {
      let ready = try waitUntilReady(
        reading: descriptor, and: other, milliseconds: Int32(clamping: milliseconds))
      guard ready.first else { return false }
    } catch {
      throw CaptureError(.system(error.rawValue, doing: "waiting for frames"), source: device)
    }
    return try take(&batch)
  }

  /// What the kernel counted so far.
  public mutating func statistics() throws(CaptureError) -> CaptureStatistics {
    var answer = pcap_stat()
    // The answer outlives the call.
    guard unsafe handle.withRaw({ unsafe pcap_stats($0, &answer) }) == 0 else {
      throw CaptureError(.libpcap(handle.message, frame: 0), source: device)
    }
    counted.advance(
      received: answer.ps_recv, kernel: answer.ps_drop, interface: answer.ps_ifdrop)
    return counted
  }

  private mutating func take(_ batch: inout FrameBatch) throws(CaptureError) -> Bool {
    let outcome = copier.fill(
      &batch, from: handle, nanosecondStamps: hasNanoseconds, linkType: linkType,
      number: &nextFrameNumber)
    if batch.count > 0 { return true }
    guard outcome >= 0 || outcome == PCAP_ERROR_BREAK else {
      throw CaptureError(capturing: device, message: handle.message)
    }
    return false
  }

  private static func create(_ device: String) throws(CaptureError) -> PcapHandle {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    // The buffer has the size libpcap asks for.
    let created = unsafe message.withUnsafeMutableBufferPointer { buffer in
      unsafe pcap_create(device, buffer.baseAddress)
    }
    guard let created = unsafe created else {
      throw CaptureError(.libpcap(String(terminated: message), frame: 0), source: device)
    }
    return unsafe PcapHandle(adopting: created)
  }

  private static func install(
    _ filter: String, _ handle: borrowing PcapHandle, _ device: String
  ) throws(CaptureError) {
    let program = try BPFProgram(filter, handle: handle)
    // The program was compiled for this handle; the kernel gets a copy.
    let result = unsafe handle.withRaw { raw in
      unsafe program.withProgram { unsafe pcap_setfilter(raw, $0) }
    }
    guard result == 0 else {
      throw CaptureError(.libpcap(handle.message, frame: 0), source: device)
    }
  }

  private static func makeNonBlocking(
    _ handle: borrowing PcapHandle, _ device: String
  ) throws(CaptureError) {
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    // The buffer has the size libpcap asks for.
    let result = unsafe message.withUnsafeMutableBufferPointer { buffer in
      unsafe handle.withRaw { unsafe pcap_setnonblock($0, 1, buffer.baseAddress) }
    }
    guard result == 0 else {
      throw CaptureError(.libpcap(String(terminated: message), frame: 0), source: device)
    }
  }
}
