import Glibc

/// unshare(2), which Glibc's module leaves out as a GNU extension.
@_silgen_name("unshare")
private func unshare(_ flags: Int32) -> Int32

/// `CLONE_NEWNET` of <linux/sched.h>.
private let newNetwork: Int32 = 0x4000_0000

/// Puts the calling thread, and what it starts, into a network of its own in which there is
/// nothing but a loopback device, switched on.
func enterEmptyNetwork() -> Bool {
  unshare(newNetwork) == 0 && shell("ip link set lo up") == 0
}

/// Sends so many datagrams of one byte to port 9 of the loopback device.
func sendDatagrams(_ count: Int) {
  shell("bash -c 'for i in $(seq \(count)); do echo -n x >/dev/udp/127.0.0.1/9; done'")
}

/// A line of a status file of this process, without its name.
func statusLine(_ name: String) -> String? {
  guard let file = unsafe fopen("/proc/thread-self/status", "r") else { return nil }
  // The stream is open until the end, and the buffer has the length given.
  defer { unsafe fclose(file) }
  var line = [CChar](repeating: 0, count: 512)
  while unsafe fgets(&line, 512, file) != nil {
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    if text.hasPrefix(name + ":") {
      return text.dropFirst(name.count + 1).split(whereSeparator: \.isWhitespace)
        .joined(separator: " ")
    }
  }
  return nil
}
