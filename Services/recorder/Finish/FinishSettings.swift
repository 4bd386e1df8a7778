import Configuration

/// What the settings say of finishing.
extension Finisher.Options {
  init(_ settings: Settings.Recorder) {
    self.init(
      atOnce: settings.finishers, measuresLoudness: settings.measuresLoudness,
      decodesAll: settings.decodesFinished)
  }
}

extension DestinationPools {
  init(_ settings: Settings.Recorder) {
    self.init(
      settings.pools, policy: Policy(rawValue: settings.poolPolicy.rawValue) ?? .mostFree,
      reserveBytes: Int64(settings.poolReserveGibibytes) << 30)
  }
}
