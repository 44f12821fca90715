// swift-tools-version: 6.3
import PackageDescription

/// Settings of every Swift target: Swift 6, no warning tolerated, every unsafe expression marked.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "tcpwhy",
  products: [
    .executable(name: "tcpwhy", targets: ["tcpwhy"]),
    .library(name: "PacketCapture", targets: ["PacketCapture"]),
    .library(name: "PacketDecoding", targets: ["PacketDecoding"]),
    .library(name: "TCPModel", targets: ["TCPModel"]),
    .library(name: "FlowDiagnosis", targets: ["FlowDiagnosis"]),
    .library(name: "FlowReport", targets: ["FlowReport"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
  ],
  targets: [
    .target(
      name: "CLibpcap",
      linkerSettings: [.linkedLibrary("pcap")]
    ),
    .target(name: "CBlockStorage"),
    .target(name: "BlockStorage", dependencies: ["CBlockStorage"], swiftSettings: settings),
    .target(name: "PacketDecoding", swiftSettings: settings),
    .target(
      name: "PacketCapture",
      dependencies: [
        "CLibpcap", "PacketDecoding",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "TCPModel",
      dependencies: [
        "BlockStorage", "PacketDecoding",
        .product(name: "BasicContainers", package: "swift-collections"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "FlowDiagnosis",
      dependencies: [
        "BlockStorage", "TCPModel", "PacketDecoding",
        .product(name: "BasicContainers", package: "swift-collections"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "FlowReport",
      dependencies: ["FlowDiagnosis", "TCPModel", "PacketDecoding"],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "tcpwhy",
      dependencies: [
        "PacketCapture", "PacketDecoding", "TCPModel", "FlowDiagnosis", "FlowReport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings
    ),
    .testTarget(
      name: "CapturesTests",
      dependencies: [
        "SegmentScripts", "FlowDiagnosis", "PacketCapture", "PacketDecoding", "TCPModel",
      ],
      exclude: ["REAL-CAPTURES.md"],
      swiftSettings: settings),
    .testTarget(
      name: "HostileTests",
      dependencies: [
        "PacketCapture", "PacketDecoding", "TCPModel", "FlowDiagnosis", "FlowReport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .target(
      name: "SegmentScripts", dependencies: ["TCPModel", "PacketDecoding"],
      path: "Tests/SegmentScripts", swiftSettings: settings),
    .testTarget(
      name: "FlowDiagnosisTests",
      dependencies: ["SegmentScripts", "FlowDiagnosis", "TCPModel", "PacketDecoding"],
      swiftSettings: settings),
    .testTarget(
      name: "TCPModelTests", dependencies: ["SegmentScripts", "TCPModel", "PacketDecoding"],
      resources: [.copy("Golden")], swiftSettings: settings),
    .testTarget(
      name: "FlowReportTests",
      dependencies: ["FlowReport", "FlowDiagnosis", "TCPModel", "PacketDecoding"],
      swiftSettings: settings),
    .testTarget(
      name: "LiveTests",
      dependencies: [
        "tcpwhy", "FlowDiagnosis", "FlowReport", "PacketCapture", "PacketDecoding", "TCPModel",
      ],
      exclude: [
        "Support/play.py", "Support/screen.py", "Support/soak.c", "Support/soak.sh",
        "Support/traffic.py",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "tcpwhyTests",
      dependencies: ["SegmentScripts", "tcpwhy", "FlowDiagnosis", "PacketDecoding", "TCPModel"],
      swiftSettings: settings),
    .testTarget(
      name: "BlockStorageTests", dependencies: ["BlockStorage"], swiftSettings: settings),
    .testTarget(
      name: "PacketDecodingTests", dependencies: ["PacketDecoding"], swiftSettings: settings),
    .testTarget(
      name: "PacketCaptureTests",
      dependencies: ["PacketCapture", "PacketDecoding"], swiftSettings: settings),
  ]
)
