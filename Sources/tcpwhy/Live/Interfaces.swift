import ArgumentParser
import FlowReport
import PacketCapture

/// `tcpwhy interfaces`
struct Interfaces: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interfaces",
    abstract: "List the devices that can be captured, the likely ones first.")

  func run() throws {
    let devices: [CaptureDevice]
    do throws(CaptureError) {
      devices = try CaptureDevice.list()
    } catch {
      StandardError.write(line: "tcpwhy: \("\(error)".escapedForTerminal)")
      throw EndStatus.unreadableInput
    }
    var output = StandardOutput()
    let width = devices.reduce(0) { max($0, $1.name.count) }
    for (index, device) in devices.enumerated() {
      let name = device.name.escapedForTerminal
      let gap = String(repeating: " ", count: max(0, width - name.count))
      let details = ([Interfaces.flags(device), device.description] + device.addresses)
        .filter { !$0.isEmpty }.map(\.escapedForTerminal)
      output.buffer.write("\(index + 1). \(name)\(gap)  \(details.joined(separator: ", "))\n")
    }
    output.flush()
    if devices.isEmpty {
      StandardError.write(line: "tcpwhy: no device that this user may capture; try it as root")
      throw EndStatus.unreadableInput
    }
  }

  private static func flags(_ device: CaptureDevice) -> String {
    let words = [
      device.isUp ? "up" : "down", device.isRunning ? "running" : "",
      device.isLoopback ? "loopback" : "",
    ]
    return "[\(words.filter { !$0.isEmpty }.joined(separator: ", "))]"
  }
}
