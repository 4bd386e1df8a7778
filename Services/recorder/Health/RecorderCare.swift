import Base
import Configuration
import Glibc
import Messages
import Metrics
import Service
import Storage

/// Puts together what looks after a recorder's disk and memory, from its settings.
struct RecorderCare: Sendable {
  let gate = FinishGate()
  let retention: RetentionKeeper
  let disk: BallastedDisk
  private let host: ServiceHost
  private let database: Database
  private let root: String
  private let time: any TimeSource
  private let metrics: HealthMetrics

  init(_ host: ServiceHost, database: Database, root: String, time: any TimeSource) {
    self.host = host
    self.database = database
    self.root = root
    self.time = time
    metrics = HealthMetrics(host.metrics)
    let settings = host.settings.recorder
    let policy = RetentionPolicy(
      defaults: RetentionPolicy.Bounds(
        age: settings.tapeDays == 0 ? nil : .seconds(settings.tapeDays * 86_400),
        bytes: RecorderCare.bytes(settings.tapeGibibytes)),
      totalBytes: RecorderCare.bytes(settings.allTapesGibibytes))
    retention = RetentionKeeper(
      RetentionKeeper.Environment(
        root: root, database: database, time: time, policy: policy, metrics: metrics,
        log: host.log))
    let wanted = Int64(settings.ballastMebibytes) << 20
    disk = BallastedDisk(
      disk: SystemDisk(),
      ballast: Ballast(in: root, size: Ballast.size(wanted, ofDisk: RecorderCare.size(of: root))),
      metrics: metrics, pace: DiskPace(), time: time)
  }

  func keeper(_ captures: CapturePool) -> HealthKeeper {
    HealthKeeper(
      HealthKeeper.Environment(
        root: root, database: database, time: time, captures: captures, retention: retention,
        ballast: disk.ballast, pace: disk.pace, gate: gate, metrics: metrics, board: host.health,
        log: host.log, reserve: Int64(host.settings.media.reserveMebibytes) << 20,
        warning: host.settings.recorder.diskWarning))
  }

  private static func bytes(_ gibibytes: Int) -> Int64? {
    gibibytes == 0 ? nil : Int64(gibibytes) << 30
  }

  /// Of the disk that the folder lies on, or will lie on; 0 where that cannot be told.
  private static func size(of folder: String) -> Int64 {
    var folder = folder
    var status = statvfs()
    while statvfs(folder, &status) != 0 {
      let above = DurableFile.folder(of: folder)
      guard above != folder else { return 0 }
      folder = above
    }
    return Int64(status.f_blocks) * Int64(status.f_frsize)
  }
}
