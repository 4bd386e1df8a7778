import Base
import Configuration
import Subprocess
import TestSupport
import Testing

@Suite("The libraries that the programs need")
struct LibraryTests {
  @Test("are in the packages that scripts/setup --runtime installs")
  func packages() async throws {
    let setup = String(
      decoding: try DurableFile.read("\(DeployedTree.package)/scripts/setup"), as: UTF8.self)
    guard let start = setup.firstRange(of: "library_packages=(")?.upperBound,
      let end = setup[start...].firstIndex(of: ")")
    else { throw TestFailure("scripts/setup has no library_packages") }
    // Part of every Debian.
    let listed = Set(setup[start..<end].split(whereSeparator: \.isWhitespace).map(String.init))
      .union(["libc6", "libgcc-s1"])
    var packages: [String: String] = [:]
    for name in ["airloom"] + Settings.Up.allServices.map({ "airloom-\($0)" }) {
      let needed = try await Self.needed(by: try BuiltPrograms.path(name))
      #expect(needed.contains("libc.so.6"), "\(name)")
      for library in needed {
        // Those of Swift's toolchain are in no package, and in no release build either.
        if packages[library] == nil { packages[library] = try await Self.package(of: library) }
        guard let package = packages[library], package != "" else { continue }
        #expect(listed.contains(package), "\(name) needs \(library) of \(package)")
      }
    }
  }

  private static func needed(by program: String) async throws -> [String] {
    let read = try await DeployedTree.run("readelf", ["--dynamic", "--wide", program])
    return read.text.split(separator: "\n").compactMap { line in
      guard line.contains("(NEEDED)"), let open = line.firstIndex(of: "[") else { return nil }
      return String(line[open...].dropFirst().dropLast())
    }
  }

  /// Empty where it is in none.
  private static func package(of library: String) async throws -> String {
    let found = try await DeployedTree.run("dpkg", ["--search", "*/\(library)"])
    return found.text.split(separator: ":").first.map(String.init) ?? ""
  }
}
