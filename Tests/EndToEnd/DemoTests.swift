import Base
import Subprocess
import TestSupport
import Testing

/// `make demo`, as a newcomer sees it: real stations, a tuner's drop, a podcast, and servers that take
/// what comes out of it.
@Suite("The demonstration")
struct DemoTests {
  @Test("fills every page with the real thing", .timeLimit(.minutes(15)))
  func check() async throws {
    let package = (0..<3).reduce(#filePath) { path, _ in DurableFile.folder(of: path) }
    var command = ChildCommand(
      "\(package)/scripts/demo",
      [
        "--check", "--limit", "600", "--port", "\(try LoopbackPort.free())", "--programs",
        BuiltPrograms.folder,
      ])
    command.output = .tail(limit: 64 << 10)
    command.errors = .sameAsOutput
    let child = try await ChildProcess.start(command)
    let exit = await child.exit()
    let text = String(decoding: child.outputTail, as: UTF8.self)
    #expect(exit.isSuccess, "\(text)")
    #expect(!text.contains("never"), "\(text)")
  }
}
