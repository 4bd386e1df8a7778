import Base
import Configuration
import TestSupport
import Testing

@Suite("What compose.yaml and prometheus.yml say")
struct DescriptionTests {
  private static let ports = [
    "gateway": 8666, "scheduler": 8667, "recorder": 8668, "converter": 8669, "feeder": 8670,
    "delivery": 8671,
  ]

  @Test("names every service once, at the port where it answers")
  func services() throws {
    #expect(Self.ports["gateway"] == Settings().web.port)
    #expect(Self.ports.keys.sorted() == Settings.Up.allServices.sorted())
    let compose = try text("compose.yaml")
    let prometheus = try text("prometheus.yml")
    for (service, port) in Self.ports {
      #expect(compose.contains("\n  \(service):\n"), "\(service)")
      #expect(compose.contains("[\"airloom-\(service)\""), "\(service)")
      #expect(compose.contains("http://127.0.0.1:\(port)/healthz"), "\(service)")
      #expect(prometheus.contains("127.0.0.1:\(port) # \(service)"), "\(service)")
    }
  }

  @Test("names only variables of Airloom that mean something")
  func variables() throws {
    let compose = try text("compose.yaml") + text("Dockerfile")
    let words = compose.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
    let known = SettingsTable.sections.flatMap { section in
      section.settings.map(section.variable(for:))
    }
    // What whoever starts compose may set.
    let own = ["AIRLOOM_IMAGE", "AIRLOOM_PORT", "AIRLOOM_ZONE", "AIRLOOM_DROPS"]
    for word in Set(words) where word.hasPrefix("AIRLOOM_") {
      #expect(
        known.contains(word) || SettingsReader.otherVariables.contains(word) || own.contains(word),
        "\(word)")
    }
  }

  private func text(_ name: String) throws -> String {
    String(decoding: try DurableFile.read("\(DeployedTree.package)/deploy/\(name)"), as: UTF8.self)
  }
}
