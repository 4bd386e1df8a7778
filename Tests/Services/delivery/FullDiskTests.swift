import Base
import Glibc
import TestSupport
import Testing

@testable import airloom_delivery

/// A full disk at the far end, made of a small tmpfs; that takes the right to mount.
@Suite("A full disk at the far end", .enabled(if: SmallDisk.isPossible, "needs the right to mount"))
struct FullDiskTests {
  @Test("is noticed before anything is sent")
  func foreseen() async throws {
    let site = try await RemoteSite.start()
    let disk = try SmallDisk(at: site.server.folder + "/small", megabytes: 1)
    var upload = try site.upload(RemoteSite.content(2_000_000))
    upload.folder = disk.path
    let error = try await site.failure(upload)
    #expect(error.kind == .noSpace, "\(error)")
    #expect(TemporaryFolder.names(in: disk.path).isEmpty)
  }

  @Test("in the middle is told from other failures, and what filled it is removed")
  func midway() async throws {
    let site = try await RemoteSite.start()
    let disk = try SmallDisk(at: site.server.folder + "/small", megabytes: 4)
    let bytes = RemoteSite.content(3_000_000)
    var upload = try site.upload(bytes)
    upload.folder = disk.path
    let filler = disk.path + "/filler"
    let error = try await site.failure(upload) { event in
      guard case .reached(.partialReady) = event else { return }
      do {
        try DurableFile.write(RemoteSite.content(2_000_000), to: filler)
      } catch { Issue.record(error) }
    }
    #expect(error.kind == .noSpace, "\(error)")
    #expect(TemporaryFolder.names(in: disk.path) == ["filler"])
    unlink(filler)
    _ = try await site.run(upload)
    #expect(try site.remote("small/show.mp3") == bytes)
  }
}
