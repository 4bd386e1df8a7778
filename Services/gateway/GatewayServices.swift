import Base
import Storage

/// What the routes work with.
struct GatewayServices: Sendable {
  let settings: GatewaySettings
  let database: Database
  let accounts: Accounts
  let desk: CommandDesk
  let controls: ControlDesk
  let nodes: NodeBoard
  let process: OwnProcess
  let streaming: StreamingService
  let artwork: ArtworkStore
  let feed: LiveFeed
  let time: any TimeSource
  let log: Logger
}
