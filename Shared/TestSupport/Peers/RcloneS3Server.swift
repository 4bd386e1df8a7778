internal import Base
public import Subprocess

/// An S3 endpoint on the loopback interface, by `rclone serve s3`. It checks signatures (a wrong
/// secret is 403), keeps each bucket as a folder, and knows multipart uploads.
///
/// What it does not do (measured on 1.75.2): it checks no checksum, offers none, and ignores
/// `If-None-Match`. An upload that is under way lies beside its object as `.rclone_temp_multipart_…`.
public final class RcloneS3Server: Sendable {
  public let port: UInt16
  public let accessKey = "AIRLOOMTEST"
  public let secret: String
  /// Holds a folder for each bucket.
  public let folder: String
  private let files: TemporaryFolder
  private let process: PeerProcess

  private init(
    _ process: PeerProcess, port: UInt16, secret: String, files: TemporaryFolder
  ) {
    self.process = process
    self.port = port
    self.secret = secret
    self.files = files
    folder = files("s3")
  }

  public static func start(
    buckets: [String] = ["media"], secret: String = "canary-of-the-secret", port: UInt16? = nil
  ) async throws -> RcloneS3Server {
    let program = try PeerTools.rclone
    let files = try TemporaryFolder()
    let folder = try files.folder("s3")
    for bucket in buckets { try files.folder("s3/\(bucket)") }
    let port = try port ?? LoopbackPort.free()
    var command = ChildCommand(
      program,
      [
        "serve", "s3", "--config", "", "--auth-key", "AIRLOOMTEST,\(secret)", "--addr",
        "127.0.0.1:\(port)", "--cache-dir", files("cache"), folder,
      ])
    command.environment = ["HOME": files.path, "PATH": "/usr/bin:/bin"]
    let process = try await PeerProcess.start(PeerProcess.tailed(command), listeningOn: port)
    return RcloneS3Server(process, port: port, secret: secret, files: files)
  }

  /// Of all files in a bucket, their paths in it; uploads that are under way included.
  public func names(in bucket: String = "media") -> [String] {
    RcloneS3Server.walk("\(folder)/\(bucket)")
  }

  /// For signals and the process id.
  public var child: ChildProcess { process.child }

  /// What the server logged, the last 64 KiB.
  public var log: String { process.child.errorText }

  public func kill() async { await process.child.stop(.kill) }

  private static func walk(_ folder: String) -> [String] {
    TemporaryFolder.names(in: folder).flatMap { name -> [String] in
      let inside = walk("\(folder)/\(name)")
      return inside.isEmpty ? [name] : inside.map { "\(name)/\($0)" }
    }
  }
}
