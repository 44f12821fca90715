// swift-tools-version: 6.3
import PackageDescription

/// As strict as the package under test.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A program that libFuzzer drives. Its harness is shared with the ordinary tests, by a link.
func fuzzer(_ name: String, _ modules: [String]) -> Target {
  .executableTarget(
    name: name,
    dependencies: ["CFuzzer"] + modules.map { .product(name: $0, package: "tcpwhy") },
    swiftSettings: settings)
}

let package = Package(
  name: "Fuzzing",
  dependencies: [
    .package(name: "tcpwhy", path: "../..")
  ],
  targets: [
    .target(name: "CFuzzer"),
    fuzzer("frames", ["PacketDecoding"]),
    fuzzer("options", ["PacketDecoding"]),
    fuzzer("files", ["PacketCapture", "PacketDecoding"]),
    fuzzer("pipeline", ["FlowReport", "FlowDiagnosis", "TCPModel", "PacketDecoding"]),
    fuzzer("report", ["FlowReport", "FlowDiagnosis", "TCPModel", "PacketDecoding"]),
  ]
)
