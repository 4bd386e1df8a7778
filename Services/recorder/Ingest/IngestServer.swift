import Base
import CDetach
import Glibc

/// The ingest itself: holds lines to sources for a recorder, and for a while without one.
///
/// One thread, woken ten times a second for all lines together, or by its recorder. It writes nothing,
/// knows nothing of tapes, and decides nothing about sources: a line that ends stays ended until the
/// recorder opens another. Whoever says `hello` last is the recorder.
final class IngestServer {
  private let listener: Int32
  private let path: String
  /// By which it is known whether the socket's name is still this process's.
  private let identity: ino_t
  private let opener: any SourceOpener
  private let limits: IngestLimits
  private let build: String
  private let time: any TimeSource

  private var lines: [UInt64: IngestLine] = [:]
  private var peers: [IngestPeer] = []
  private var recorder: IngestPeer?
  private var life: IngestLifePolicy
  private var nextRound: Monotonic
  private var nextLook: Monotonic
  private var ending: String?

  /// `path` is where nobody answers.
  init(
    path: String, opener: any SourceOpener, limits: IngestLimits, build: String,
    time: any TimeSource = SystemTimeSource()
  ) throws(SystemError) {
    self.path = path
    self.opener = opener
    self.limits = limits
    self.build = build
    self.time = time
    listener = try UnixSocket.listen(path)
    identity = IngestServer.inode(path) ?? 0
    let now = time.monotonic()
    life = IngestLifePolicy(limits, now: now)
    nextRound = now
    nextLook = now
  }

  /// Removes the socket's name, unless another has taken it.
  func leave() {
    if IngestServer.inode(path) == identity { unlink(path) }
  }

  /// Until it is time to end; why.
  func run() -> String {
    while true {
      let now = time.monotonic()
      if now >= nextRound {
        nextRound = now + IngestLimits.interval
        collect()
        recorder?.keepHearing(now)
      }
      if now >= nextLook {
        nextLook = now + .seconds(1)
        let isHomeThere = IngestServer.inode(path) == identity
        ending =
          ending
          ?? life.ending(
            hasRecorder: recorder != nil, lines: lines.count, isHomeThere: isHomeThere, now: now)
      }
      pump(now)
      if let ending {
        for line in lines.values { line.connection.cancel() }
        return ending
      }
      wait()
    }
  }

  private func wait() {
    var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    for peer in peers {
      let events = Int16(POLLIN) | (peer.output.isEmpty ? 0 : Int16(POLLOUT))
      polled.append(pollfd(fd: peer.descriptor, events: events, revents: 0))
    }
    let due = lines.isEmpty && recorder == nil ? nextLook : min(nextRound, nextLook)
    let left = (due - time.monotonic()).microseconds
    guard poll(&polled, nfds_t(polled.count), Int32(max(0, (left + 999) / 1000))) > 0 else {
      return
    }
    if polled[0].revents != 0 { accept() }
    for (peer, entry) in zip(peers, polled.dropFirst()) where entry.revents != 0 { hear(peer) }
  }

  // MARK: - Lines

  private func collect() {
    var total = lines.values.reduce(0) { $0 + $1.log.count }
    for line in lines.values {
      let before = line.log.count
      line.collect(room: min(limits.line, before + limits.total - total))
      total += line.log.count - before
    }
  }

  /// Sends what there is, as far as the socket takes it.
  private func pump(_ now: Monotonic) {
    if let recorder {
      var isAll = false
      while !isAll {
        isAll = true
        for line in lines.values {
          if !line.send(to: &recorder.output, limit: IngestPeer.outputLimit) {
            isAll = false
            break
          }
        }
        guard recorder.flush(now) else { return lose(recorder) }
        if !recorder.output.isEmpty { return }
      }
    }
    for peer in peers where peer !== recorder && !peer.output.isEmpty {
      if !peer.flush(now) { lose(peer) }
    }
  }

  // MARK: - Peers

  private func accept() {
    let descriptor = airloom_accept(listener)
    guard descriptor >= 0 else { return }
    if UnixSocket.isOurs(descriptor), peers.count < 8 {
      peers.append(IngestPeer(descriptor, now: time.monotonic()))
    } else {
      close(descriptor)
    }
  }

  private func drop(_ peer: IngestPeer) {
    peers.removeAll { $0 === peer }
    guard recorder === peer else { return }
    recorder = nil
    for line in lines.values { line.orphan() }
  }

  /// What a peer said last counts though it is gone: a recorder that was killed has released its lines.
  private func hear(_ peer: IngestPeer) {
    let isThere = peer.receive()
    do {
      while let frame = try peer.input.next() { obey(frame, of: peer) }
      if !isThere { drop(peer) }
    } catch {
      drop(peer)
    }
  }

  /// Nothing can be said to it any more.
  private func lose(_ peer: IngestPeer) {
    hear(peer)
    drop(peer)
  }

  private func obey(_ frame: IngestFrame, of peer: IngestPeer) {
    switch frame {
    case .quit: ending = "it was told to"
    case .hello(_, _):
      if let recorder, recorder !== peer { lose(recorder) }
      recorder = peer
      peer.output.add(.welcome(version: IngestFrame.version, build: build))
    default:
      // Of one that was replaced, nothing counts.
      if peer === recorder { obey(frame) }
    }
  }

  private func obey(_ frame: IngestFrame) {
    switch frame {
    case .list:
      collect()
      for line in lines.values.sorted(by: { $0.number < $1.number }) {
        recorder?.output.add(.held(line.held))
      }
      recorder?.output.add(.listed)
    case .open(let number, let request): open(number, request)
    case .adopt(let number):
      if let line = lines[number] {
        line.adopt()
      } else {
        recorder?.output.add(.end(line: number, reason: []))
      }
    case .release(let number, let offset, let bookmark):
      lines[number]?.release(before: offset, bookmark)
    case .credit(let number, let upTo): lines[number]?.allow(upTo: upTo)
    case .close(let number): lines.removeValue(forKey: number)?.connection.cancel()
    default: break
    }
  }

  private func open(_ number: UInt64, _ bytes: [UInt8]) {
    guard lines[number] == nil, let request = IngestJSON.value(IngestRequest.self, bytes) else {
      recorder?.output.add(.end(line: number, reason: []))
      return
    }
    // Nobody is woken: what comes is fetched with the next round.
    let connection = CaptureConnection(time: time) { _ in }
    lines[number] = IngestLine(
      number: number, request: bytes, connection: connection, credit: IngestLimits.window)
    connection.attach(opener.open(request.source, into: connection))
  }

  private static func inode(_ path: String) -> ino_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_ino : nil
  }
}
