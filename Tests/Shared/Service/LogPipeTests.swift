import Base
import Subprocess
import TestSupport
import Testing

@Suite("The log of a service")
struct LogPipeTests {
  @Test("never makes it wait for whoever reads it")
  func nonBlocking() async throws {
    let service = try await RunningService.start(in: try TemporaryFolder())
    // proc(5): the flags of an open file in octal; O_NONBLOCK is 04000.
    let text = String(
      decoding: try DurableFile.read("/proc/\(service.child.pid)/fdinfo/2"), as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("flags:") })
    let flags = try #require(Int(line.filter(\.isNumber), radix: 8))
    #expect(flags & 0o4000 != 0)
  }
}
