import PacketDecoding

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The clock by which the kernel stamps frames.
enum WallClock {
  static var now: CaptureTime {
    var time = timespec()
    // The structure outlives the call.
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return CaptureTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
