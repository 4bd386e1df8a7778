import Base

/// What the gateway is told from outside.
struct GatewaySettings: Sendable {
  var node = NodeID(unchecked: "gateway")
  var home: String
  /// Where finished recordings may lie; nothing outside is ever served.
  var mediaFolder: String
  /// Further folders of which that is so: the recorder's pools.
  var poolFolders: [String] = []
  var artworkFolder: String { mediaFolder + "/artwork" }
  /// A proxy that speaks TLS stands in front: its X-Forwarded-For is believed, cookies are Secure.
  var isBehindTLSProxy = false
  /// The first administrator's password where the installer chose it.
  var adminPassword: String?
  /// Where one that was made up is written to.
  var firstPasswordPath: String
  /// What recorders want to see before they hand out tapes.
  var tapeTokenPath: String
  var scheduler = NodeID(unchecked: "scheduler")
  var delivery = NodeID(unchecked: "delivery")
  var feeder = NodeID(unchecked: "feeder")
  /// How long an answer waits for a command's outcome.
  var commandPatience = Duration.seconds(4)
  var sessionIdleLimit = Duration.seconds(12 * 3600)
  var sessionLifetime = Duration.seconds(7 * 86_400)

  init(home: String, mediaFolder: String? = nil) {
    self.home = home
    self.mediaFolder = mediaFolder ?? home + "/media"
    firstPasswordPath = home + "/first-password"
    tapeTokenPath = home + "/keys/tape.token"
  }
}
