import Base
import Glibc
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("An upload to an OpenSSH server")
struct SFTPUploadTests {
  @Test("brings the file under its name, whole, and leaves nothing else")
  func goodUpload() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(9_000_001)
    let steps = Box<[UploadStep]>([])
    let receipt = try await site.run(try site.upload(bytes)) { event in
      if case .reached(let step) = event { steps.set(steps.get() + [step]) }
    }
    #expect(site.names == ["show.mp3"])
    #expect(try site.remote("show.mp3") == bytes)
    #expect(receipt.hash == hexadecimal(SHA256.hash(bytes)))
    #expect(receipt.remotePath == site.server.folder + "/show.mp3")
    #expect(receipt.bytesSent == 9_000_001)
    #expect(receipt.isSynced)
    #expect(!receipt.wasThere)
    #expect(steps.get() == UploadStep.allCases)
  }

  @Test(
    "takes any size and any name",
    arguments: [
      (0, "empty.mp3"), (1, "one byte.mp3"), (29_999, "it's “quoted” \"twice\".mp3"),
      (30_001, "Grüße – Ωβ 日本.mp3"), (4_200_000, "-rf $HOME `id` *.mp3"),
      (4_200_001, "back\\slash\nnewline.mp3"),
    ])
  func sizesAndNames(size: Int, name: String) async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(size)
    _ = try await site.run(try site.upload(bytes, as: name))
    #expect(site.names == [name])
    #expect(try site.remote(name) == bytes)
  }

  @Test("reports progress that grows to the whole size")
  func progress() async throws {
    let site = try await RemoteSite.start()
    let seen = Box<[Int64]>([])
    _ = try await site.run(try site.upload(RemoteSite.content(500_000))) { event in
      if case .progress(let sent, let total) = event, total == 500_000 {
        seen.set(seen.get() + [sent])
      }
    }
    #expect(seen.get() == seen.get().sorted())
    #expect(seen.get().first == 0)
    #expect(seen.get().last == 500_000)
  }

  @Test("finds its own earlier success and sends nothing")
  func alreadyThere() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(100_000)
    let upload = try site.upload(bytes)
    _ = try await site.run(upload)
    let receipt = try await site.run(upload)
    #expect(receipt.wasThere)
    #expect(receipt.bytesSent == 0)
    #expect(site.names == ["show.mp3"])
  }

  @Test("keeps another file that has the name, and finds its own second name again")
  func keepsBoth() async throws {
    let site = try await RemoteSite.start()
    let other = RemoteSite.content(100_000, seed: 7)
    try site.place(other, as: "show.mp3")
    let bytes = RemoteSite.content(100_000)
    let second = "show~\(hexadecimal(SHA256.hash(bytes)).prefix(8)).mp3"
    let upload = try site.upload(bytes)
    let receipt = try await site.run(upload)
    #expect(receipt.remotePath.hasSuffix(second))
    let again = try await site.run(upload)
    #expect(again.wasThere)
    #expect(site.names == ["show.mp3", second])
    #expect(try site.remote("show.mp3") == other)
    #expect(try site.remote(second) == bytes)
  }

  @Test("loses nothing when somebody takes the name between check and rename")
  func nameTakenMeanwhile() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(100_000)
    let other = RemoteSite.content(50, seed: 7)
    let receipt = try await site.run(try site.upload(bytes)) { event in
      guard case .reached(.verified) = event else { return }
      do { try site.place(other, as: "show.mp3") } catch { Issue.record(error) }
    }
    #expect(receipt.remotePath.contains("~"))
    #expect(try site.remote("show.mp3") == other)
    #expect(site.names.count == 2)
  }

  @Test("says so when both names are taken by other files")
  func bothNamesTaken() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(1000)
    let upload = try site.upload(bytes)
    try site.place([1], as: "show.mp3")
    try site.place([2], as: "show~\(hexadecimal(SHA256.hash(bytes)).prefix(8)).mp3")
    #expect(try await site.failure(upload).kind == .nameTaken)
    #expect(site.names.count == 2)
  }

  @Test("makes missing folders only when asked")
  func folders() async throws {
    let site = try await RemoteSite.start()
    var upload = try site.upload(RemoteSite.content(1000))
    upload.folder += "/2026/11/21/"
    #expect(try await site.failure(upload).kind == .missingFolder)
    #expect(site.names.isEmpty)
    upload.makesFolders = true
    _ = try await site.run(upload)
    #expect(try site.remote("2026/11/21/show.mp3").count == 1000)
  }

  @Test("takes a folder relative to the account's home")
  func relativeFolder() async throws {
    let site = try await RemoteSite.start()
    var upload = try site.upload(RemoteSite.content(1000))
    upload.folder = ""
    _ = try await site.run(upload)
    upload.folder = "archive"
    upload.makesFolders = true
    _ = try await site.run(upload)
    #expect(site.names == ["archive", "show.mp3"])
  }

  @Test("two tries at once end with one right file")
  func twoAtOnce() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(3_000_000)
    let upload = try site.upload(bytes)
    let other = SFTPUploader(named: "test-other")
    async let first = try? site.run(upload)
    async let second = try? other.run(
      upload, to: site.endpoint(), interruption: Interruption(), report: { _ in })
    // Each may lose its partial file to the other and fail; the next try ends right.
    _ = await [first, second]
    _ = try await site.run(upload)
    #expect(site.names == ["show.mp3"])
    #expect(try site.remote("show.mp3") == bytes)
  }

  @Test("a probe finds a good destination good and leaves nothing there")
  func probe() async throws {
    let site = try await RemoteSite.start()
    try await site.uploader.probe(
      site.endpoint(), folder: site.server.folder, makesFolders: false,
      interruption: Interruption())
    #expect(site.names.isEmpty)
  }

  @Test("a probe says what is wrong with a bad one")
  func probeOfBadFolder() async throws {
    let site = try await RemoteSite.start()
    await #expect {
      try await site.uploader.probe(
        site.endpoint(), folder: "missing", makesFolders: false, interruption: Interruption())
    } throws: {
      ($0 as? DeliveryError)?.kind == .missingFolder
    }
  }
}
