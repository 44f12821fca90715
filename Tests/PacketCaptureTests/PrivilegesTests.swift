import Glibc
import PacketCapture
import Testing

@Suite("Privileges", .serialized)
struct PrivilegesTests {
  @Test("are given up for good", .enabled(if: isRoot, "only root has them"))
  func drop() async {
    await #expect(processExitsWith: .success) {
      let user = try Privileges.user(named: "nobody")
      try Privileges.drop(to: user)
      let id = "\(user.userID)"
      #expect(statusLine("Uid") == "\(id) \(id) \(id) \(id)")
      let group = "\(user.groupID)"
      #expect(statusLine("Gid") == "\(group) \(group) \(group) \(group)")
      for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        #expect(statusLine(set) == "0000000000000000", "\(set)")
      }
      #expect(statusLine("NoNewPrivs") == "1")
      #expect(setuid(0) != 0)
      #expect(shell("cat /etc/shadow") != 0)
      #expect(!Privileges.isRoot)
    }
  }

  @Test("of the one who called sudo are taken on, unless that was root")
  func caller() async {
    await #expect(processExitsWith: .success) {
      // Nobody else reads the environment here.
      unsafe setenv("SUDO_UID", "4242", 1)
      unsafe setenv("SUDO_GID", "4243", 1)
      let user = try Privileges.user()
      #expect(user.userID == 4242)
      #expect(user.groupID == 4243)
      unsafe setenv("SUDO_UID", "0", 1)
      #expect(try Privileges.user().name == "nobody")
      unsafe setenv("SUDO_UID", "-1", 1)
      #expect(try Privileges.user().name == "nobody")
    }
  }

  @Test("cannot be those of a user who does not exist")
  func unknown() {
    #expect(throws: CaptureError(.noSuchUser, source: "no-such-user-here")) {
      _ = try Privileges.user(named: "no-such-user-here")
    }
  }
}
