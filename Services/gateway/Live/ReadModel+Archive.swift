import Base
import Bus
import Messages
import Storage

/// Drops, podcasts and alerts.
extension ReadModel {
  func registerArchive(in handlers: inout BusHandlers) {
    handlers.on(ConversionChanged.self) { try apply($0, $2) }
    handlers.on(FeedChanged.self) { try apply($0, $2) }
    handlers.on(EpisodeChanged.self) { try apply($0, $2) }
    handlers.on(AlertChanged.self) { try apply($0, $2) }
    handlers.on(MailerChanged.self) { try apply($0, $2) }
    handlers.onTelemetry(ConversionProgress.self) { [feed] progress, _ in
      feed.tell(.conversionProgress, progress)
    }
    handlers.onTelemetry(EpisodeProgress.self) { [feed] progress, _ in
      feed.tell(.episodeProgress, progress)
    }
    handlers.onTelemetry(FeederSummary.self) { [feed] summary, _ in feed.tell(.feeder, summary) }
  }

  func apply(_ change: ConversionChanged, _ transaction: Transaction) throws {
    try ConversionCatalog.store(change, transaction)
    transaction.afterCommit { [feed] in
      guard let conversion = change.conversion else {
        return feed.tellRemoved(.conversion, change.id.text)
      }
      feed.tell(.conversion, conversion)
    }
  }

  func apply(_ change: FeedChanged, _ transaction: Transaction) throws {
    try FeedCatalog.store(change, transaction)
    transaction.afterCommit { [feed] in
      guard let view = FeedView(change) else { return feed.tellRemoved(.feed, change.id.text) }
      feed.tell(.feed, view)
    }
  }

  func apply(_ change: EpisodeChanged, _ transaction: Transaction) throws {
    try EpisodeCatalog.store(change.episode, transaction)
    transaction.afterCommit { [feed] in feed.tell(.episode, change.episode.withoutSecrets) }
  }

  func apply(_ change: AlertChanged, _ transaction: Transaction) throws {
    try AlertCatalog.store(change, transaction)
    transaction.afterCommit { [feed] in
      guard let alert = change.alert else { return feed.tellRemoved(.alert, change.id.text) }
      feed.tell(.alert, alert)
    }
  }

  func apply(_ mailer: MailerChanged, _ transaction: Transaction) throws {
    try AlertCatalog.store(mailer, transaction)
    transaction.afterCommit { [feed] in feed.tell(.mail, mailer) }
  }
}
