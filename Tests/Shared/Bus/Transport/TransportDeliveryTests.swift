import Base
import CZmq
import Glibc
import TestSupport
import Testing

@testable import Bus

@Suite("Packets over ipc", .timeLimit(.minutes(2)))
struct TransportDeliveryTests {
  let folder: SocketFolder

  init() throws { folder = try SocketFolder() }

  private func pair() async throws -> (server: TransportProbe, worker: TransportProbe) {
    let server = try TransportProbe(.bound(in: folder))
    let worker = try TransportProbe(.worker(in: folder))
    try server.start()
    try worker.start()
    try await worker.waitFor(.connected(.scheduler))
    try await server.waitFor(.followed(topic: "node/recorder-1"))
    try await server.waitFor(.followed(topic: "all"))
    return (server, worker)
  }

  @Test("Packets go both ways with all their frames")
  func bothWays() async throws {
    let (server, worker) = try await pair()
    #expect(worker.transport.push([Array("a".utf8), [], Array("b".utf8)], to: .scheduler))
    try await eventually("the packets arrive") { server.texts == ["a||b"] }
    #expect(server.sources == [.inbox(authenticated: nil)])
    #expect(server.publish("to all", Topic.all))
    #expect(server.publish("to one", Topic.node(.recorder1)))
    try await eventually("the packets arrive") { worker.texts == ["to all", "to one"] }
    #expect(worker.sources == [.outbox(of: .scheduler), .outbox(of: .scheduler)])
    worker.stop()
    server.stop()
  }

  @Test("A sender is told at once when a packet cannot leave")
  func honestRefusal() async throws {
    let server = try TransportProbe(.bound(in: folder))
    let worker = try TransportProbe(.worker(in: folder))
    #expect(!worker.push("before the start", to: .scheduler))
    try worker.start()
    #expect(!worker.push("nobody is there", to: .scheduler))
    #expect(!worker.push("nobody of that name", to: .recorder10))
    #expect(!worker.publish("we bind nothing", Topic.all))
    try server.start()
    #expect(!server.publish("nobody follows", Topic.node(.recorder10)))
    try await worker.waitFor(.connected(.scheduler))
    let huge = [UInt8](repeating: 0, count: ZmqSocket.largestFrame + 1)
    #expect(!worker.transport.push([huge], to: .scheduler))
    #expect(!worker.transport.push([], to: .scheduler))
    worker.stop()
    #expect(!worker.push("after the stop", to: .scheduler))
    server.stop()
    #expect(server.received == 0)
  }

  @Test("A hundred thousand packets arrive in order when the receiver keeps up")
  func noLoss() async throws {
    let (server, worker) = try await pair()
    let body = [UInt8](repeating: 7, count: 300)
    for number in 0..<100_000 {
      let frames = [Array(String(number).utf8), body]
      try await eventually("packet \(number) leaves") {
        worker.transport.push(frames, to: .scheduler)
      }
    }
    try await eventually("all are received") { server.received == 100_000 }
    let numbers = server.texts.compactMap { text in Int(text.prefix { $0 != "|" }) }
    #expect(numbers == Array(0..<100_000))
    #expect(worker.transport.counters.lost == 0)
    worker.stop()
    server.stop()
  }

  @Test("recorder-1 does not get what is meant for recorder-10, nor the other way round")
  func topicPrefix() async throws {
    let server = try TransportProbe(.bound(in: folder))
    let one = try TransportProbe(.worker(.recorder1, in: folder))
    let ten = try TransportProbe(.worker(.recorder10, in: folder))
    for probe in [server, one, ten] { try probe.start() }
    try await server.waitFor(.followed(topic: "node/recorder-1"))
    try await server.waitFor(.followed(topic: "node/recorder-10"))
    #expect(server.publish("for ten", Topic.node(.recorder10)))
    #expect(server.publish("for one", Topic.node(.recorder1)))
    try await server.waitFor(.followed(topic: "all"), count: 2)
    #expect(server.publish("end", Topic.all))
    try await eventually("the packets arrive") {
      one.texts.last == "end" && ten.texts.last == "end"
    }
    #expect(one.texts == ["for one", "end"])
    #expect(ten.texts == ["for ten", "end"])
    for probe in [one, ten, server] { probe.stop() }
  }

  @Test("The outbox is told when its last follower leaves, and says no from then on")
  func abandoned() async throws {
    let (server, worker) = try await pair()
    worker.stop()
    try await server.waitFor(.abandoned(topic: "node/recorder-1"))
    #expect(!server.publish("nobody", Topic.node(.recorder1)))
    server.stop()
  }

  @Test("A stop with unsent packets returns at once")
  func stopWithUnsent() async throws {
    let context = try ZmqContext()
    let deaf = try context.makeSocket(.pull)
    try deaf.set(ZMQ_LINGER, to: Int32(0), "ZMQ_LINGER")
    try deaf.set(ZMQ_RCVHWM, to: Int32(1), "ZMQ_RCVHWM")
    try deaf.bind(folder.endpoints(.scheduler).inbox)
    let worker = try TransportProbe(.worker(in: folder))
    try worker.start()
    let frame = [UInt8](repeating: 1, count: 10_000)
    try await eventually("it is connected") { worker.transport.push([frame], to: .scheduler) }
    // Until its high-water mark and our own queue both go on saying no.
    var refusals = 0
    try await eventually("nothing leaves any more") {
      while worker.transport.push([frame], to: .scheduler) { refusals = 0 }
      refusals += 1
      return refusals == 20
    }
    // One that waited for the deaf peer would not return at all.
    worker.stop()
    deaf.close()
  }

  @Test("A bound peer that starts again is joined again, also over a socket left by kill -9")
  func restart() async throws {
    let (server, worker) = try await pair()
    server.stop()
    try await worker.waitFor(.disconnected(.scheduler))
    #expect(!worker.push("into nothing", to: .scheduler))
    unlink("\(folder.path)/scheduler.inbox")
    try leaveStaleSocket(at: "\(folder.path)/scheduler.inbox")
    let again = try TransportProbe(.bound(in: folder))
    try again.start()
    try await worker.waitFor(.connected(.scheduler), count: 2)
    try await again.waitFor(.followed(topic: "node/recorder-1"))
    #expect(worker.push("hello again", to: .scheduler))
    #expect(again.publish("and to you", Topic.node(.recorder1)))
    try await eventually("the packets arrive") { again.texts == ["hello again"] }
    try await eventually("the packets arrive") { worker.texts == ["and to you"] }
    worker.stop()
    again.stop()
  }

  @Test("A second process does not take the socket of a living one")
  func occupied() throws {
    let first = try TransportProbe(.bound(in: folder))
    let second = try TransportProbe(.bound(in: folder))
    try first.start()
    let error = #expect(throws: TransportError.self) { try second.start() }
    #expect(error?.kind == .inUse)
    first.stop()
    #expect(throws: Never.self) { try second.start() }
    second.stop()
  }

  @Test("A folder that everybody may enter, and a file in the way, are refused")
  func unsafeFolder() throws {
    chmod(folder.path, 0o755)
    let probe = try TransportProbe(.bound(in: folder))
    #expect(throws: TransportError.self) { try probe.start() }
    chmod(folder.path, 0o750)
    try DurableFile.write([1], to: "\(folder.path)/scheduler.outbox")
    let error = #expect(throws: TransportError.self) { try probe.start() }
    #expect(error?.kind == .folder)
    #expect(try DurableFile.read("\(folder.path)/scheduler.outbox") == [1])
  }

  @Test("A frame over 1 MiB is dropped, and its sender can go on")
  func oversizedIn() async throws {
    let (server, worker) = try await pair()
    let context = try ZmqContext()
    let rude = try context.makeSocket(.push)
    try rude.set(ZMQ_LINGER, to: Int32(0), "ZMQ_LINGER")
    try rude.set(ZMQ_IMMEDIATE, to: Int32(1), "ZMQ_IMMEDIATE")
    try rude.connect(folder.endpoints(.scheduler).inbox)
    let huge = [[UInt8](repeating: 0, count: ZmqSocket.largestFrame + 1)]
    try await eventually("the huge frame is sent") {
      if case .yes = try rude.send(huge) { true } else { false }
    }
    try await eventually("a small one is heard") {
      _ = try rude.send([Array("small".utf8)])
      return server.texts.contains("small")
    }
    #expect(worker.push("still here", to: .scheduler))
    try await eventually("the packets arrive") { server.texts.contains("still here") }
    #expect(!worker.links.contains(.disconnected(.scheduler)))
    rude.close()
    worker.stop()
    server.stop()
  }

  @Test("An outbox that sends a frame over 1 MiB is followed again afterwards")
  func oversizedOut() async throws {
    let context = try ZmqContext()
    let inbox = try context.makeSocket(.pull)
    let rude = try context.makeSocket(.xpub)
    for socket in [inbox, rude] { try socket.set(ZMQ_LINGER, to: Int32(0), "ZMQ_LINGER") }
    try inbox.bind(folder.endpoints(.scheduler).inbox)
    try rude.bind(folder.endpoints(.scheduler).outbox)
    let worker = try TransportProbe(.worker(in: folder))
    try worker.start()
    try await worker.waitFor(.connected(.scheduler))
    var subscriptions = 0
    try await eventually("it is followed") {
      if try rude.receive() != nil { subscriptions += 1 }
      return subscriptions == 2
    }
    let topic = Topic.wireForm(Topic.all)
    _ = try rude.send([topic, [UInt8](repeating: 0, count: ZmqSocket.largestFrame + 1)])
    try await worker.waitFor(.disconnected(.scheduler))
    try await worker.waitFor(.connected(.scheduler), count: 2)
    try await eventually("a small one is heard") {
      _ = try rude.receive()
      _ = try rude.send([topic, Array("small".utf8)])
      return worker.texts.contains("small")
    }
    worker.stop()
    for socket in [inbox, rude] { socket.close() }
  }

  @Test("A hundred starts and stops leave no descriptor and no thread behind")
  func noLeak() async throws {
    let before = (fds: Self.entries("/proc/self/fd"), threads: Self.entries("/proc/self/task"))
    for _ in 0..<100 {
      let server = try TransportProbe(.bound(in: folder))
      let worker = try TransportProbe(.worker(in: folder))
      try server.start()
      try worker.start()
      worker.stop()
      server.stop()
    }
    // Other tests run at the same time, so the counts may be higher for a while.
    try await eventually("the counts are as before") {
      Self.entries("/proc/self/fd") < before.fds + 50
        && Self.entries("/proc/self/task") < before.threads + 50
    }
  }

  private static func entries(_ path: String) -> Int {
    guard let folder = opendir(path) else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
  }

  /// As a killed process leaves it: the name is there, and nobody listens.
  private func leaveStaleSocket(at path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    try withUnsafePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        _ = try Syscall.check("bind", path) {
          bind(descriptor, name, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }
}
