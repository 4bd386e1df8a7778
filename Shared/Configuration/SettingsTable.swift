/// Every section and key of `airloom.toml`.
public enum SettingsTable {
  public static let sections: [SettingsSection] = [
    web, general, bus, media, scheduler, recorder, converter, feeder, delivery, alerts, up, log,
  ]

  private static let log = SettingsSection(
    name: "log", about: "What the services write to standard error.",
    settings: [
      .level("level", \.log.level, "The least important lines that are written.")
    ])

  private static let web = SettingsSection(
    name: "web", about: "The page and the REST API (gateway).",
    settings: [
      .text(
        "address", \.web.address,
        "Address to listen on; 0.0.0.0 or :: opens the page to the network."),
      .integer(
        "port", \.web.port, 0...65_535,
        "TCP port of the page. 0 takes any free one. The other services answer /healthz and "
          + "/metrics on the five ports after it.", variable: "WEB_PORT"),
      .seconds(
        "session_idle_s", \.web.sessionIdle, 60...31_536_000,
        "A session without a request for that long ends."),
      .seconds(
        "session_s", \.web.session, 60...31_536_000,
        "A session ends that long after its login, whatever happens."),
      .flag(
        "behind_tls_proxy", \.web.isBehindTLSProxy,
        "A proxy that speaks TLS stands in front: cookies are only sent over TLS, and the client's "
          + "address is what the proxy adds to X-Forwarded-For."),
    ])

  private static let general = SettingsSection(
    name: "service", about: "What all services have in common.",
    settings: [
      .text(
        "status_address", \.service.statusAddress,
        "Where the services answer GET /healthz and /metrics. They need no password, so keep it "
          + "on the loopback interface or behind a firewall."),
      .text(
        "announce_address", \.service.announceAddress,
        "Name or address by which the other hosts reach what listens there; the gateway reads the "
          + "recorders' tapes so. Empty is status_address, or this host's first address where that is 0.0.0.0 "
          + "or ::."),
      .seconds(
        "drain_s", \.service.drain, 1...300,
        "How long a service may take to end its work after SIGTERM or Ctrl-C."),
    ])

  private static let bus = SettingsSection(
    name: "bus",
    about: "Where services on other hosts are reached. Leave all empty on a single host.",
    settings: [
      .text(
        "scheduler", \.bus.scheduler,
        "`host:port` of the scheduler; it takes that port and the next. Over the network every "
          + "node needs its key in keys/curve.authorized (docs/configuration.md, Several hosts)."),
      .text("feeder", \.bus.feeder, "`host:port` of the feeder, likewise."),
      .text("delivery", \.bus.delivery, "`host:port` of the delivery service, likewise."),
      .text(
        "listen_address", \.bus.listenAddress,
        "Address that a service on this host listens on where it is not the one that others "
          + "reach it by, such as 0.0.0.0 in a container."),
    ])

  private static let media = SettingsSection(
    name: "media", about: "Where tapes and recordings are kept.",
    settings: [
      .text(
        "folder", \.media.folder,
        "Folder of the tapes and recordings; empty is `media` in the home folder."),
      .integer(
        "reserve_mib", \.media.reserveMebibytes, 0...100_000_000,
        "Below that much free space (in MiB) the services warn and report themselves degraded."),
    ])

  private static let scheduler = SettingsSection(
    name: "scheduler", about: "Turns schedules into recordings.",
    settings: [
      .seconds(
        "horizon_s", \.scheduler.horizon, 3600...604_800,
        "How far ahead recordings are planned and given to the recorders."),
      .text(
        "zone", \.scheduler.zone,
        "Time zone of schedules that name none, such as \"Europe/Berlin\"; empty is the system's."),
      .seconds(
        "recorder_lost_after_s", \.scheduler.recorderLostAfter, 1...3600,
        "A recorder without a heartbeat for that long is reported as lost, and what it had to "
          + "record is given to another one where there is one."),
      .integer(
        "maximum_recordings", \.scheduler.maximumRecordings, 0...100_000,
        "Streams that all recorders together record at the same time; what has the higher priority "
          + "goes first, and a stream counts once whatever is recorded from it. 0: no limit but "
          + "that of each recorder.", variable: "MAX_CONCURRENT_RECORDINGS"),
    ])

  private static let recorder = SettingsSection(
    name: "recorder", about: "Captures streams and cuts recordings.",
    settings: capturing + resolving + keeping + finishing)

  private static let capturing: [Setting] = [
    .seconds(
      "lead_s", \.recorder.lead, 0...600,
      "A capture starts that long before the recording does."),
    .seconds("segment_s", \.recorder.segment, 2...10, "Length of a tape's segments."),
    .seconds(
      "stall_after_s", \.recorder.stallAfter, 1...300,
      "A source that sends nothing for that long is connected anew."),
    .seconds(
      "connect_timeout_s", \.recorder.connectTimeout, 0.5...120,
      "How long a source may take to answer."),
    .seconds(
      "reconnect_cap_s", \.recorder.reconnectCap, 0.1...300,
      "The longest wait between two tries to connect; the first comes at once."),
    .seconds(
      "sync_every_s", \.recorder.syncEvery, 0.1...60,
      "How often an open segment is forced to the disk: what a power cut may cost."),
    .integer(
      "maximum_captures", \.recorder.maximumCaptures, 1...10_000,
      "Streams that this recorder captures at the same time."),
    .flag(
      "ingest", \.recorder.hasIngest,
      "Whether a small process of its own holds the connections, so that they outlive a restart of "
        + "the recorder and nothing is missed meanwhile."),
    .seconds(
      "ingest_linger_s", \.recorder.ingestLinger, 1...3600,
      "How long that process holds them without a recorder."),
    .integer(
      "ingest_hold_mib", \.recorder.ingestHoldMebibytes, 8...65_536,
      "How much it holds at most (in MiB) of what no recorder has stored; beyond that the sources "
        + "are made to wait."),
    .texts(
      "tags", \.recorder.tags,
      "What this recorder is called by, such as a site or a network: streams that ask for tags are "
        + "given to recorders that have all of them."),
  ]

  private static let resolving: [Setting] = [
    .choice(
      "resolver", \.recorder.resolver,
      "Who is asked where the stream of a page is, unless page_patterns says it."),
    .seconds(
      "resolver_timeout_s", \.recorder.resolverTimeout, 2...300,
      "How long that may take."),
    .texts(
      "page_patterns", \.recorder.pagePatterns,
      "Addresses that are pages: a host with all below it, or host and path with *; behind it "
        + "=yt-dlp or =streamlink where it is not the usual resolver."),
    .text(
      "yt_dlp", \.recorder.ytDlpProgram,
      "Name or path of yt-dlp, 2025.02.19 or newer (Debian 12's own is too old)."),
    .text(
      "streamlink", \.recorder.streamlinkProgram, "Name or path of streamlink, 6 or newer."),
    .flag(
      "public_addresses_only", \.recorder.isPublicOnly,
      "Refuse streams at addresses of this machine and of private networks, multicast and devices. "
        + "Off, because studios broadcast on their own networks; turn it on where people who are not "
        + "trusted may add streams. What FFmpeg and the resolvers are led on to by a server is beyond "
        + "it (docs/decisions/0026)."),
  ]

  private static let keeping: [Setting] = [
    .integer(
      "tape_days", \.recorder.tapeDays, 0...36_500,
      "Tape that is older may be removed, unless its stream says otherwise; 0 keeps it for ever. "
        + "What is locked, or wanted by a recording that is not delivered, stays in any case."),
    .integer(
      "tape_gib", \.recorder.tapeGibibytes, 0...10_000_000,
      "The most that one stream's tape may take (in GiB), unless the stream says otherwise; the "
        + "oldest goes first. 0 is no bound."),
    .integer(
      "all_tapes_gib", \.recorder.allTapesGibibytes, 0...10_000_000,
      "The most that all tapes together may take (in GiB); 0 is no bound."),
    .integer(
      "ballast_mib", \.recorder.ballastMebibytes, 0...1_000_000,
      "Room (in MiB) that is reserved for tapes and used by them alone when the disk is full, but at "
        + "most a fiftieth of the disk."),
    .integer(
      "held_mib", \.recorder.heldMebibytes, 16...1_000_000,
      "Memory (in MiB) for what all streams together have waiting for a full or faulty disk, but at "
        + "most a quarter of the machine's or the control group's. Beyond it the streams that hold "
        + "most give up their oldest first."),
    .seconds(
      "disk_warning_s", \.recorder.diskWarning, 0...2_592_000,
      "A disk that will be full within that time, at the rate of the last hour, is reported."),
  ]

  private static let finishing: [Setting] = [
    .integer(
      "finishers", \.recorder.finishers, 1...64,
      "Recordings' files that are made at the same time, at low priority."),
    .flag(
      "measure_loudness", \.recorder.measuresLoudness,
      "Whether the loudness of every finished file is measured (EBU R128): about 12 s of one core "
        + "for an hour of stereo."),
    .flag(
      "decode_finished", \.recorder.decodesFinished,
      "Whether every file is decoded from beginning to end before it counts as finished. Off, only "
        + "its frames are compared with the tape's, and of files with a picture both ends decoded."
    ),
    .texts(
      "pools", \.recorder.pools,
      "Folders that schedules may have their files made in, as `name=/folder`; several with one "
        + "name are one pool. Each must hold a file `.airloom-pool`, so that an unmounted disk is "
        + "told from its empty folder."),
    .choice(
      "pool_policy", \.recorder.poolPolicy,
      "Which of a pool's folders takes a new file: that with the most space, each in turn, or the "
        + "first that has room."),
    .integer(
      "pool_reserve_gib", \.recorder.poolReserveGibibytes, 0...1_000_000,
      "So much space (in GiB) stays free in each folder of a pool."),
    .text(
      "ca_file", \.recorder.caFile,
      "Certificates (PEM) that those of https and rtmps sources are checked against in place of the "
        + "system's, for stations with an authority of their own."),
  ]

  private static let converter = SettingsSection(
    name: "converter", about: "Turns what a PVR drops into watched folders into MP4.",
    settings: [
      .texts(
        "folders", \.converter.folders,
        "Folders to watch, as absolute paths; empty: nothing is converted."),
      .flag("recursive", \.converter.isRecursive, "Whether folders in them are watched too."),
      .text(
        "output", \.converter.output,
        "Folder of what was made; empty is `converted` in the media folder."),
      .seconds(
        "still_s", \.converter.still, 0.5...3600,
        "A drop is taken when nobody writes to it and it has not changed for that long."),
      .seconds(
        "rescan_s", \.converter.rescan, 1...3600,
        "How often the folders are looked through, whatever the system tells of changes in them. "
          + "Folders that take long are looked through less often."),
      .integer(
        "workers", \.converter.workers, 1...64, "Conversions at the same time, at low priority."),
      .choice(
        "preset", \.converter.preset,
        "How hard x264 tries: slower ones take longer and make smaller files."),
      .integer(
        "crf", \.converter.crf, 0...51, "Quality of the picture for x264: lower is better."),
      .flag(
        "captions", \.converter.wantsCaptions,
        "Whether captions are written to a .srt file beside the MP4."),
      .integer(
        "attempts", \.converter.attempts, 1...100,
        "Tries before a drop is set aside until a person decides or the drop changes."),
      .choice(
        "after", \.converter.after,
        "What becomes of a drop once its MP4 is there and checked; until then it is never touched."),
      .text(
        "done_folder", \.converter.doneFolder, "Where `after = \"move\"` puts drops."),
      .texts(
        "destinations", \.converter.destinations,
        "Ids of the destinations that what was made is sent to."),
    ])

  private static let feeder = SettingsSection(
    name: "feeder", about: "Archives podcasts.",
    settings: [
      .text(
        "folder", \.feeder.folder,
        "Folder of the archive; empty is `podcasts` in the media folder."),
      .seconds(
        "interval_s", \.feeder.interval, 60...604_800,
        "How often a feed is fetched whose posting rate is not known yet."),
      .seconds(
        "minimum_interval_s", \.feeder.minimumInterval, 10...604_800,
        "No feed is fetched more often, however often it posts."),
      .seconds(
        "maximum_interval_s", \.feeder.maximumInterval, 60...2_592_000,
        "No working feed is fetched less often, however seldom it posts."),
      .integer("fetches", \.feeder.fetches, 1...512, "Feeds fetched at the same time."),
      .integer(
        "downloads", \.feeder.downloads, 1...64, "Episodes downloaded at the same time."),
      .integer(
        "per_host", \.feeder.perHost, 1...64,
        "Of these fetches, and of these downloads, how many from one server."),
      .integer(
        "attempts", \.feeder.attempts, 1...1000,
        "Tries before an episode is set aside until a person asks for it again."),
      .flag(
        "allow_private_addresses", \.feeder.allowsPrivateAddresses,
        "Fetch also from addresses of this machine and of private networks. Off, a feed's author "
          + "cannot make Airloom ask them for anything."),
      .text(
        "user_agent", \.feeder.userAgent,
        "How it calls itself to servers; empty is `Airloom/<version>`."),
    ])

  private static let delivery = SettingsSection(
    name: "delivery", about: "Takes finished recordings to their destinations.",
    settings: [
      .integer("parallel", \.delivery.parallel, 1...64, "Uploads at the same time."),
      .integer(
        "attempts", \.delivery.attempts, 1...1000,
        "Tries before a delivery is set aside until a person decides; 25 times as many while the "
          + "destination cannot be reached or is full."),
      .seconds(
        "retry_first_s", \.delivery.retryFirst, 0.1...3600,
        "The next try comes after at most that long, doubled at each failure."),
      .seconds("retry_cap_s", \.delivery.retryCap, 1...86_400, "The longest wait for a try."),
      .seconds(
        "timeout_s", \.delivery.timeout, 1...3600,
        "A destination that does not answer for that long has failed."),
      .integer(
        "part_mib", \.delivery.partMebibytes, 1...1024,
        "S3: a larger file is sent in parts of that size (in MiB), each of which survives a cut line; "
          + "larger where more than 10,000 parts would be needed. Amazon takes none below 5."),
      .integer(
        "kept_deliveries", \.delivery.keptDeliveries, 0...1_000_000,
        "So many deliveries that are delivered or discarded stay in the list; what needs a person "
          + "always does."),
    ])

  private static let alerts = SettingsSection(
    name: "alerts",
    about: "Mails to people when something is lost, or will be unless somebody acts (delivery).",
    settings: [
      .text(
        "smtp", \.alerts.smtp,
        "The mail server, such as \"smtp://mail.example.org:587\", or \"smtps://…:465\" for TLS from "
          + "the first byte. Empty: alerts are on the page only."),
      .choice(
        "starttls", \.alerts.starttls, among: ["required", "opportunistic", "off"],
        "Whether an smtp:// connection must turn to TLS before anything is sent. A password is sent "
          + "without TLS only where this is \"off\"."),
      .text(
        "ca_file", \.alerts.caFile,
        "Certificates (PEM) that the mail server's is checked against in place of the system's."),
      .text("user", \.alerts.user, "User to log in as; empty: without a login."),
      .text(
        "password_file", \.alerts.passwordFile,
        "File whose first line is that user's password; keep it readable to Airloom's user alone. The "
          + "environment variable AIRLOOM_SMTP_PASSWORD wins over it. The password itself is never "
          + "written here."),
      .text("from", \.alerts.from, "Address that the mails come from."),
      .texts("to", \.alerts.to, "Addresses that the mails go to."),
      .seconds(
        "interval_s", \.alerts.interval, 1...86_400,
        "At most one mail in that time; what happens meanwhile goes into one."),
      .seconds(
        "hold_off_s", \.alerts.holdOff, 0...86_400,
        "A trouble that is over before it lasted that long is not mailed, and a stream or recorder "
          + "that is away for less raises no alert."),
      .integer(
        "attempts", \.alerts.attempts, 1...1000,
        "Tries at a mail that the server refuses before it is set aside; while the server cannot be "
          + "reached it is tried for seven days."),
      .seconds(
        "retry_first_s", \.alerts.retryFirst, 0.1...3600,
        "A mail server that fails is left alone for that long, doubled at each failure."),
      .seconds(
        "retry_cap_s", \.alerts.retryCap, 1...86_400, "The longest time that it is left alone."),
      .seconds(
        "timeout_s", \.alerts.timeout, 1...600, "A mail server that takes longer has failed."),
    ])

  private static let up = SettingsSection(
    name: "up", about: "`airloom up`: all services on one host.",
    settings: [
      .choices(
        "services", \.up.services, among: Settings.Up.allServices,
        "The services that it starts."),
      .seconds(
        "restart_first_s", \.up.restartFirst, 0.05...60,
        "A service that ended is started again after about that long, doubled at each failure."),
      .seconds("restart_cap_s", \.up.restartCap, 0.1...3600, "The longest wait for a restart."),
    ])
}
