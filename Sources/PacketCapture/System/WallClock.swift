internal import CLibpcap
package import PacketDecoding

/// The clock by which the kernel stamps frames.
package enum WallClock {
  package static var now: CaptureTime { CaptureTime(nanoseconds: capture_wall_clock()) }
}
