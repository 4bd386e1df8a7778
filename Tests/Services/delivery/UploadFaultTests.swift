import Base
import Glibc
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("An upload that is broken off")
struct UploadFaultTests {
  @Test("goes on where it was, after the bytes there are proved to be right")
  func resume() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(12_000_000)
    let upload = try site.upload(bytes)
    let proxy = try ChaosProxy(to: site.server.port, fault: .cutAfterSent(6_000_000))
    let error = try await site.failure(upload, to: site.endpoint(through: proxy.port))
    #expect(error.kind == .connectionLost)
    let partial = try site.partialName(upload, bytes)
    #expect(site.names == [partial])
    // The reset took what still lay in the server's buffers.
    let arrived = try site.remote(partial).count
    #expect(arrived > 1_000_000)
    proxy.set(.none)
    let receipt = try await site.run(upload, to: site.endpoint(through: proxy.port))
    #expect(receipt.bytesSent <= 12_000_000 - Int64(arrived))
    #expect(site.names == ["show.mp3"])
    #expect(try site.remote("show.mp3") == bytes)
  }

  @Test("starts anew when what is there is not the beginning of the file")
  func wrongPrefix() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(1_000_000)
    let upload = try site.upload(bytes)
    var wrong = Array(bytes[..<500_000])
    wrong[250_000] ^= 1
    try site.place(wrong, as: try site.partialName(upload, bytes))
    let receipt = try await site.run(upload)
    #expect(receipt.bytesSent == 1_000_000)
    #expect(try site.remote("show.mp3") == bytes)
    #expect(site.names == ["show.mp3"])
  }

  @Test("starts anew when more is there than the file has")
  func tooLongPrefix() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(10_000)
    let upload = try site.upload(bytes)
    try site.place(bytes + [0], as: try site.partialName(upload, bytes))
    _ = try await site.run(upload)
    #expect(try site.remote("show.mp3") == bytes)
    #expect(site.names == ["show.mp3"])
  }

  /// Bytes that the client has sent by then; negative ones count from the end of a whole upload.
  static let cuts = [
    1, 700, 1400, 2100, 2800, 3500, 30_000, 150_000, 399_000, -1800, -1500, -1200, -900, -700,
    -500, -400, -300, -200, -100, -50, -1,
  ]

  @Test("by a cut at any byte never shows a part, and the next try ends right", arguments: cuts)
  func cutAnywhere(after bytesSent: Int) async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(400_000)
    let rehearsal = try ChaosProxy(to: site.server.port)
    _ = try await site.run(
      try site.upload(bytes, as: "test.mp3", id: "rehearsal-"),
      to: site.endpoint(through: rehearsal.port))
    let limit = bytesSent > 0 ? bytesSent : rehearsal.bytesSent + bytesSent
    let proxy = try ChaosProxy(to: site.server.port, fault: .cutAfterSent(limit))
    let upload = try site.upload(bytes)
    do {
      _ = try await site.run(upload, to: site.endpoint(through: proxy.port))
    } catch let error as DeliveryError {
      #expect(error.kind == .connectionLost, "\(error)")
    }
    if site.names.contains("show.mp3") { #expect(try site.remote("show.mp3") == bytes) }
    _ = try await site.run(upload)
    #expect(site.names == ["show.mp3", "test.mp3"])
    #expect(try site.remote("show.mp3") == bytes)
  }

  @Test(
    "after any step never shows a part, and the next try ends right",
    arguments: UploadStep.allCases)
  func killedAfter(step: UploadStep) async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(3_000_000)
    let upload = try site.upload(bytes)
    let interruption = try Interruption()
    let error = try await site.failure(upload, interruption: interruption) { event in
      if case .reached(step) = event { interruption.trigger() }
    }
    #expect(error.kind == .interrupted)
    let isPublished = step == .renamed || step == .confirmed
    #expect(site.names.contains("show.mp3") == isPublished)
    let receipt = try await site.run(upload)
    #expect(receipt.wasThere == isPublished)
    #expect(site.names == ["show.mp3"])
    #expect(try site.remote("show.mp3") == bytes)
  }

  @Test("by a line that goes silent ends with a timeout, not never")
  func stalledLine() async throws {
    var timeouts = SSHTimeouts()
    timeouts.operation = .milliseconds(300)
    let site = try await RemoteSite.start(timeouts: timeouts)
    let proxy = try ChaosProxy(to: site.server.port, fault: .stallAfterSent(1_000_000))
    let error = try await site.failure(
      try site.upload(RemoteSite.content(9_000_000)), to: site.endpoint(through: proxy.port))
    #expect(error.kind == .timeout)
  }

  @Test("by us on a silent line ends at once")
  func interruptedWhileStalled() async throws {
    let site = try await RemoteSite.start()
    let proxy = try ChaosProxy(to: site.server.port, fault: .stallAfterSent(1_000_000))
    let interruption = try Interruption()
    let upload = try site.upload(RemoteSite.content(9_000_000))
    async let failure = site.failure(
      upload, to: site.endpoint(through: proxy.port), interruption: interruption)
    try await eventually("the line is full") { proxy.bytesSent >= 1_000_000 }
    let start = SystemTimeSource().monotonic()
    interruption.trigger()
    #expect(try await failure.kind == .interrupted)
    #expect(SystemTimeSource().monotonic() - start < .seconds(5))
  }

  @Test("by bytes that changed on the far disk removes them and says so; the next try ends right")
  func corruptedThere() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(200_000)
    let upload = try site.upload(bytes)
    let partial = "\(site.server.folder)/\(try site.partialName(upload, bytes))"
    let error = try await site.failure(upload) { event in
      guard case .reached(.synced) = event else { return }
      let descriptor = open(partial, O_WRONLY)
      defer { close(descriptor) }
      var wrong = bytes[100_000] ^ 1
      if pwrite(descriptor, &wrong, 1, 100_000) != 1 { Issue.record("nothing was corrupted") }
    }
    #expect(error.kind == .verification)
    #expect(site.names.isEmpty)
    _ = try await site.run(upload)
    #expect(try site.remote("show.mp3") == bytes)
  }
}
