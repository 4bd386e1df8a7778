import Base
import Testing

@testable import Bus

@Suite("What is known of connections")
struct LinkBookTests {
  @Test func `a peer that dials us is not missed where we never dialled it`() {
    let (scheduler, gateway) = (NodeID(unchecked: "scheduler"), NodeID(unchecked: "gateway"))
    var book = LinkBook()
    book.heard(gateway, at: .epoch)
    let peers = book.peers([scheduler])
    #expect(peers.map(\.node) == [gateway, scheduler])
    #expect(peers.map(\.isDialled) == [false, true])
    #expect(peers.map(\.isConnected) == [false, false])
  }
}
