public import Base

/// Everything that `airloom.toml` sets, with the defaults. Read once at the start of a process;
/// what each value means is said in `SettingsTable`.
public struct Settings: Hashable, Sendable {
  public var log = Log()
  public var web = Web()
  public var service = Service()
  public var bus = Bus()
  public var media = Media()
  public var scheduler = Scheduler()
  public var recorder = Recorder()
  public var converter = Converter()
  public var delivery = Delivery()
  public var alerts = Alerts()
  public var feeder = Feeder()
  public var up = Up()

  public init() {}

  public struct Log: Hashable, Sendable {
    public var level = LogLevel.info
  }

  public struct Web: Hashable, Sendable {
    public var address = "127.0.0.1"
    public var port = 8666
    public var sessionIdle = Duration.seconds(12 * 3600)
    public var session = Duration.seconds(14 * 86_400)
    public var isBehindTLSProxy = false
  }

  public struct Service: Hashable, Sendable {
    public var statusAddress = "127.0.0.1"
    /// Empty: the status address, or the host's first address where that is a wildcard.
    public var announceAddress = ""
    public var drain = Duration.seconds(10)
  }

  /// Where the services that others must reach are: `host:port` of the inbox, the outbox being on the
  /// next port. Empty: on this host, by a socket in the home folder.
  public struct Bus: Hashable, Sendable {
    public var scheduler = ""
    public var feeder = ""
    public var delivery = ""
    public var listenAddress = ""
  }

  public struct Media: Hashable, Sendable {
    /// Empty: `media` in the home folder.
    public var folder = ""
    public var reserveMebibytes = 1024
  }

  public struct Scheduler: Hashable, Sendable {
    public var horizon = Duration.seconds(86_400)
    /// Empty: the system's zone.
    public var zone = ""
    public var recorderLostAfter = Duration.seconds(15)
    /// 0: without limit.
    public var maximumRecordings = 0
  }

  public struct Recorder: Hashable, Sendable {
    public var lead = Duration.seconds(10)
    public var segment = Duration.seconds(4)
    public var stallAfter = Duration.seconds(3)
    public var connectTimeout = Duration.seconds(10)
    public var reconnectCap = Duration.seconds(5)
    public var syncEvery = Duration.seconds(2)
    public var maximumCaptures = 100
    /// Whether connections are held by a process that outlives the recorder.
    public var hasIngest = true
    public var ingestLinger = Duration.seconds(60)
    public var ingestHoldMebibytes = 256
    public var tags: [String] = []
    /// Who is asked where the stream of a page is, where a pattern does not say it.
    public enum Resolver: String, CaseIterable, Hashable, Sendable {
      case ytDlp = "yt-dlp"
      case streamlink
    }

    public var resolver = Resolver.ytDlp
    public var resolverTimeout = Duration.seconds(30)
    public var pagePatterns = [
      "youtube.com", "youtu.be", "twitch.tv=streamlink", "kick.com", "vimeo.com",
    ]
    public var ytDlpProgram = "yt-dlp"
    public var streamlinkProgram = "streamlink"
    public var isPublicOnly = false
    /// Bounds of each tape, and of all together; 0: none.
    public var tapeDays = 0
    public var tapeGibibytes = 0
    public var allTapesGibibytes = 0
    public var ballastMebibytes = 64
    /// Of what waits for a full disk, of all streams together.
    public var heldMebibytes = 1024
    public var diskWarning = Duration.seconds(86_400)
    /// Where a pool's new files go.
    public enum PoolPolicy: String, CaseIterable, Hashable, Sendable {
      case mostFree = "most-free"
      case roundRobin = "round-robin"
      case fillFirst = "fill-first"
    }

    public var finishers = 2
    public var measuresLoudness = true
    public var decodesFinished = true
    /// `name=folder`
    public var pools: [String] = []
    public var poolPolicy = PoolPolicy.mostFree
    public var poolReserveGibibytes = 2
    /// Empty: the system's certificates.
    public var caFile = ""
  }

  public struct Converter: Hashable, Sendable {
    /// What becomes of a drop whose output is there and checked.
    public enum After: String, CaseIterable, Hashable, Sendable { case keep, move, delete }

    /// libx264's, from quick and large to slow and small.
    public enum Preset: String, CaseIterable, Hashable, Sendable {
      case ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow
    }

    public var folders: [String] = []
    public var isRecursive = true
    /// Empty: `converted` in the media folder.
    public var output = ""
    public var still = Duration.seconds(10)
    public var rescan = Duration.seconds(30)
    public var workers = 1
    public var preset = Preset.fast
    public var crf = 20
    public var wantsCaptions = true
    public var attempts = 2
    public var after = After.keep
    public var doneFolder = ""
    public var destinations: [String] = []
  }

  public struct Delivery: Hashable, Sendable {
    public var parallel = 2
    public var attempts = 12
    public var retryFirst = Duration.seconds(1)
    public var retryCap = Duration.seconds(600)
    public var timeout = Duration.seconds(60)
    public var partMebibytes = 8
    public var keptDeliveries = 2000
  }

  public struct Alerts: Hashable, Sendable {
    /// `smtp://host:port` or `smtps://host:port`; empty: no mails.
    public var smtp = ""
    public var starttls = "required"
    public var caFile = ""
    public var user = ""
    public var passwordFile = ""
    public var from = ""
    public var to: [String] = []
    public var interval = Duration.seconds(60)
    public var holdOff = Duration.seconds(60)
    public var attempts = 5
    public var retryFirst = Duration.seconds(10)
    public var retryCap = Duration.seconds(900)
    public var timeout = Duration.seconds(30)
  }

  public struct Feeder: Hashable, Sendable {
    /// Empty: `podcasts` in the media folder.
    public var folder = ""
    public var interval = Duration.seconds(3600)
    public var minimumInterval = Duration.seconds(900)
    public var maximumInterval = Duration.seconds(21_600)
    public var fetches = 16
    public var downloads = 3
    public var perHost = 2
    public var attempts = 8
    public var allowsPrivateAddresses = false
    public var userAgent = ""
  }

  public struct Up: Hashable, Sendable {
    public static let allServices = [
      "scheduler", "recorder", "converter", "feeder", "delivery", "gateway",
    ]
    public var services = Up.allServices
    public var restartFirst = Duration.milliseconds(500)
    public var restartCap = Duration.seconds(30)
  }
}
