internal import CLibpcap
internal import Glibc

/// Giving up root once the device is open: a capture is hostile input, and what decodes it should
/// be able to do no harm.
public enum Privileges {
  /// The user to become.
  public struct User: Sendable, Hashable {
    /// The name; empty for a number without one.
    public var name: String
    public var userID: UInt32
    public var groupID: UInt32
  }

  /// Whether the process runs as root.
  public static var isRoot: Bool { geteuid() == 0 || getuid() == 0 }

  /// The capabilities to capture and to set a device promiscuous that this process lacks.
  public static var missingCaptureCapabilities: [String] {
    var effective: UInt64 = 0
    // The number outlives the call; where it cannot be had, both are missing.
    _ = unsafe capture_effective_capabilities(&effective)
    return [("cap_net_raw", 13), ("cap_net_admin", 12)]
      .filter { effective & (1 << UInt64($0.1)) == 0 }.map { $0.0 }
  }

  /// The user to become: the one named, else who called `sudo`, else `nobody`.
  public static func user(named name: String? = nil) throws(CaptureError) -> User {
    if let name {
      guard let user = find(name: name, number: 0) else {
        throw CaptureError(.noSuchUser, source: name)
      }
      return user
    }
    if let user = caller { return user }
    return find(name: "nobody", number: 0) ?? User(name: "", userID: 65_534, groupID: 65_534)
  }

  /// Becomes `user` and gives up every capability, for good: no new privileges can be had. Makes
  /// sure of it. A process without root stays who it is and gives up its capabilities.
  ///
  /// Capabilities belong to threads: call it before any other thread is started, so that all
  /// inherit none.
  public static func drop(to user: User) throws(CaptureError) {
    var step: UnsafePointer<CChar>?
    let name = user.name.isEmpty ? nil : user.name
    // The strings outlive the call; `step` is set to a constant.
    let code = unsafe capture_drop_privileges(user.userID, user.groupID, name, &step)
    guard code == 0 else {
      let doing = unsafe step.map { unsafe String(cString: $0) } ?? ""
      throw CaptureError(.privilegesKept(code, doing: doing), source: user.name)
    }
  }

  /// The user this process runs as, by name where it has one.
  public static var currentUser: String {
    find(name: nil, number: geteuid())?.name ?? "\(geteuid())"
  }

  /// Who called `sudo`, when it was not root.
  private static var caller: User? {
    guard let number = environmentNumber("SUDO_UID"), number != 0 else { return nil }
    return find(name: nil, number: number)
      ?? User(name: "", userID: number, groupID: environmentNumber("SUDO_GID") ?? number)
  }

  private static func environmentNumber(_ name: String) -> UInt32? {
    Environment.value(name).flatMap { UInt32($0) }
  }

  private static func find(name: String?, number: UInt32) -> User? {
    var user = User(name: "", userID: 0, groupID: 0)
    var found = [CChar](repeating: 0, count: 256)
    let length = UInt32(found.count)
    // The strings and numbers outlive the call; the buffer has the length given.
    let exists = unsafe found.withUnsafeMutableBufferPointer { buffer in
      unsafe capture_find_user(
        name, number, &user.userID, &user.groupID, buffer.baseAddress, length)
    }
    user.name = String(terminated: found)
    return exists != 0 ? user : nil
  }
}
