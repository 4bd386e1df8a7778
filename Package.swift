// swift-tools-version: 6.2
import PackageDescription

// How this package is laid out is told in docs/architecture.md. Modules under Shared/ depend
// downwards only; no service imports another service.

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// A module that every service may use.
func shared(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Shared/\(name)", exclude: exclude,
    swiftSettings: strict)
}

/// One process of the suite; `@testable import airloom_<name>` reaches its types in tests.
func service(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = ["README.md"]
) -> Target {
  .executableTarget(
    name: "airloom-\(name)",
    dependencies: ["Base", "Messages", "Bus", "Storage", "Configuration", "Metrics", "Service"]
      + dependencies,
    path: "Services/\(name)", exclude: exclude, swiftSettings: strict)
}

func tests(
  _ name: String, path: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(path)",
    exclude: exclude, swiftSettings: strict)
}

/// A C library from the system; its headers are reached through `Shared/C/<name>/shim.h`.
func system(_ name: String, pkgConfig: String? = nil) -> Target {
  .systemLibrary(name: name, path: "Shared/C/\(name)", pkgConfig: pkgConfig)
}

/// The test targets that are built: all, or those that AIRLOOM_TESTS names (`RecorderTests,MediaTests`),
/// because every build of one builds every one that is declared.
let wanted = Context.environment["AIRLOOM_TESTS"].map { $0.split(separator: ",").map(String.init) }

let package = Package(
  name: "airloom",
  targets: ([
    system("CZmq"), system("CSQLite"), system("CCurl"), system("CSSH2"), system("CMicrohttpd"),
    system("CSodium"), system("CCrypto"), system("CXML", pkgConfig: "libxml-2.0"),
    .target(name: "CShims", path: "Shared/C/CShims"),
    .target(name: "CDetach", path: "Shared/C/CDetach"),
    .target(
      name: "CToml", path: "Shared/C/CToml",
      cxxSettings: [.define("TOML_HEADER_ONLY", to: "1"), .define("TOML_EXCEPTIONS", to: "0")]),

    shared("Base", ["CShims", "CCrypto"]),
    shared("Metrics", ["Base"]),
    shared("Storage", ["Base", "CSQLite"]),
    shared("Configuration", ["Base", "CToml"]),
    shared("Subprocess", ["Base", "CShims"], exclude: ["README.md"]),
    shared("HTTPClient", ["Base", "CCurl", "CShims"]),
    shared("XML", ["Base", "CXML"]),
    shared("HTTPServer", ["Base", "CMicrohttpd", "CShims"]),
    shared("Media", ["Base"]),
    shared("DASH", ["Base", "Media", "XML"]),
    shared("Messages", ["Base"]),
    shared("Bus", ["Base", "Messages", "Storage", "CShims", "CZmq", "CSodium"]),
    shared(
      "Service",
      ["Base", "Messages", "Bus", "Storage", "Configuration", "HTTPServer", "Metrics", "CShims"],
      exclude: ["README.md"]),
    shared(
      "TestSupport",
      ["Base", "Subprocess", "Media", "HTTPClient", "HTTPServer", "CShims"]),

    service("scheduler", ["HTTPServer"]),
    service(
      "recorder",
      ["CDetach", "CShims", "DASH", "HTTPClient", "HTTPServer", "Media", "Subprocess"]),
    service("converter", ["CShims", "Subprocess"]),
    service("feeder", ["HTTPClient", "Subprocess", "XML"]),
    service("delivery", ["CCurl", "CSSH2", "CSodium", "HTTPClient", "Subprocess"]),
    // The pages, compiled in by the C compiler's #embed: SwiftPM's own embedding takes 20 s of
    // compiling for 100 KB.
    .target(name: "CWebFiles", path: "Services/gateway/Web", exclude: ["pages"]),
    service(
      "gateway",
      ["HTTPServer", "HTTPClient", "Media", "Subprocess", "XML", "CSodium", "CWebFiles"],
      exclude: ["README.md", "Web"]),
    .executableTarget(
      name: "airloom",
      dependencies: [
        "Base", "Bus", "Configuration", "HTTPClient", "Messages", "Service", "Storage",
        "Subprocess",
      ],
      path: "CLI", exclude: ["README.md"], swiftSettings: strict),
    .executableTarget(
      name: "airloom-bench",
      dependencies: [
        "Base", "Bus", "CZmq", "HTTPClient", "Messages", "Storage", "Subprocess", "TestSupport",
      ],
      path: "Benchmarks", exclude: ["README.md", "Peers"], swiftSettings: strict),

    tests("BaseTests", path: "Shared/Base", ["Base"]),
    tests("MetricsTests", path: "Shared/Metrics", ["Base", "Metrics"]),
    tests("StorageTests", path: "Shared/Storage", ["Base", "Storage"]),
    tests("ConfigurationTests", path: "Shared/Configuration", ["Base", "Configuration"]),
    tests("SubprocessTests", path: "Shared/Subprocess", ["Base", "Subprocess"]),
    tests("TestSupportTests", path: "Shared/TestSupport", ["Base", "Subprocess"]),
    tests("HTTPClientTests", path: "Shared/HTTPClient", ["Base", "HTTPClient", "HTTPServer"]),
    tests("XMLTests", path: "Shared/XML", ["Base", "XML"]),
    tests(
      "HTTPServerTests", path: "Shared/HTTPServer",
      ["Base", "HTTPClient", "HTTPServer", "Subprocess"]),
    tests("DASHTests", path: "Shared/DASH", ["Base", "DASH", "Media"]),
    tests("MediaTests", path: "Shared/Media", ["Base", "Media", "Subprocess"]),
    tests("MessagesTests", path: "Shared/Messages", ["Base", "Messages"], exclude: ["Golden"]),
    tests("BusTests", path: "Shared/Bus", ["Base", "Bus", "CZmq", "Messages", "Storage"]),
    tests(
      "ServiceTests", path: "Shared/Service",
      [
        "Base", "Bus", "Configuration", "HTTPClient", "HTTPServer", "Messages", "Service",
        "Storage",
        "Subprocess",
        "airloom-converter", "airloom-feeder",
      ]),
    tests(
      "SchedulerTests", path: "Services/scheduler",
      ["airloom-scheduler", "Base", "Bus", "Messages", "Storage"]),
    tests(
      "RecorderTests", path: "Services/recorder",
      [
        "airloom-recorder", "Base", "Bus", "Configuration", "DASH", "HTTPClient", "HTTPServer",
        "Media", "Messages", "Metrics", "Service", "Storage", "Subprocess",
      ]),
    tests(
      "ConverterTests", path: "Services/converter",
      [
        "airloom-converter", "Base", "Bus", "Configuration", "Messages", "Metrics", "Storage",
        "Subprocess",
      ]),
    tests(
      "FeederTests", path: "Services/feeder",
      [
        "airloom-feeder", "Base", "Bus", "Configuration", "HTTPClient", "Messages", "Metrics",
        "Storage", "Subprocess", "XML",
      ]),
    tests(
      "DeliveryTests", path: "Services/delivery",
      [
        "airloom-delivery", "Base", "Bus", "CSodium", "Configuration", "HTTPServer", "Messages",
        "Metrics", "Storage", "Subprocess",
      ]),
    tests(
      "GatewayTests", path: "Services/gateway",
      [
        "airloom-gateway", "Base", "Bus", "HTTPClient", "HTTPServer", "Media", "Messages",
        "Service", "Storage", "Subprocess", "XML",
      ]),
    tests(
      "CLITests", path: "CLI",
      ["airloom", "Base", "Configuration", "HTTPClient", "Messages", "Service", "Subprocess"]),
    tests("DeployTests", path: "Deploy", ["Base", "Configuration", "Subprocess"]),
    tests(
      "EndToEndTests", path: "EndToEnd",
      ["Base", "HTTPClient", "Media", "Messages", "Storage", "Subprocess"],
      exclude: ["README.md"]),
  ] as [Target]).filter { target in
    target.type != .test || wanted?.contains(target.name) ?? true
  },
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17,
  cxxLanguageStandard: .cxx17
)
