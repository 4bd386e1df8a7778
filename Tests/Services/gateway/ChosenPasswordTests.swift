import Service
import TestSupport
import Testing

@testable import airloom_gateway

@Suite("The password that the installer chose")
struct ChosenPasswordTests {
  @Test("is in a variable, or in a file's first line")
  func sources() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("secret", "from a file\nand more\n")
    #expect(try ChosenPassword.read([:]) == nil)
    #expect(try ChosenPassword.read(["AIRLOOM_ADMIN_PASSWORD": ""]) == nil)
    #expect(try ChosenPassword.read(["AIRLOOM_ADMIN_PASSWORD_FILE": path]) == "from a file")
    let both = ["AIRLOOM_ADMIN_PASSWORD": "from here", "AIRLOOM_ADMIN_PASSWORD_FILE": path]
    #expect(try ChosenPassword.read(both) == "from here")
  }

  @Test("is never replaced by another one because its file is missing or empty")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let empty = try folder.file("empty", "\n")
    for (path, words) in [(folder("gone"), "cannot be read"), (empty, "is empty")] {
      let error = #expect(throws: ServiceError.self) {
        try ChosenPassword.read(["AIRLOOM_ADMIN_PASSWORD_FILE": path])
      }
      #expect(error?.code == .configuration)
      #expect(error?.description.contains(words) == true)
    }
  }
}
