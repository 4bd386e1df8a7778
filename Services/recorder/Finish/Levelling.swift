import Messages

/// Brings sound to a wanted loudness in FFmpeg's two passes (EBU R128, `loudnorm`): the first one's
/// measurement lets the second one turn the whole by one gain where the peaks leave room for that,
/// and only else change it from moment to moment. A value.
struct Levelling: Hashable, Sendable {
  /// LUFS.
  let target: Double
  let measured: LoudnessReport

  /// No true peak is to go above, dBTP (EBU R128: -1).
  static let highestPeak = -1.0

  /// nil where there is nothing to measure: silence has no loudness.
  init?(to target: Double, _ measured: LoudnessReport) {
    guard measured.integrated > -70 else { return nil }
    self.target = min(max(target, -50), -5)
    self.measured = measured
  }

  /// Ends with a rate that every encoder takes, because `loudnorm` may work at 192 kHz, and with
  /// layouts of channels, without which encoders that take any find none.
  func filter(sampleRate: Int) -> String {
    let range = min(max(measured.range, 7), 20)
    return
      "loudnorm=I=\(target):TP=\(Levelling.highestPeak):LRA=\(range):measured_I=\(measured.integrated)"
      + ":measured_TP=\(measured.truePeak ?? 0):measured_LRA=\(measured.range)"
      + ":measured_thresh=\(measured.threshold):linear=true,aresample=\(sampleRate)"
      + ",aformat=channel_layouts=mono|stereo|5.1|7.1"
  }
}

/// What FFmpeg's `ebur128` says at the end.
struct LoudnessReport: Hashable, Sendable {
  /// LUFS; -70 is silence.
  var integrated: Double
  /// LUFS; what is quieter is left out of account.
  var threshold: Double
  /// LU
  var range: Double
  /// dBTP; nil for digital silence and where it was not asked for.
  var truePeak: Double?

  /// The filter's summary within what FFmpeg wrote to standard error; nil where there is none.
  init?(_ text: String) {
    guard let start = text.range(ofLast: "Summary:") else { return nil }
    var values: [String: Double] = [:]
    for line in text[start...].split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count >= 2, let value = Double(words[words.count - 2]) else { continue }
      let name = words.dropLast(2).joined(separator: " ")
      if values[name] == nil { values[name] = value }
    }
    guard let integrated = values["I:"], let threshold = values["Threshold:"],
      let range = values["LRA:"]
    else { return nil }
    self.integrated = integrated
    self.threshold = threshold
    self.range = range
    truePeak = values["Peak:"].flatMap { $0.isFinite ? $0 : nil }
  }

  func loudness(isNormalised: Bool) -> Loudness {
    Loudness(
      integrated: integrated, truePeak: truePeak, range: range, isNormalised: isNormalised)
  }
}

extension String {
  /// Where the last occurrence ends.
  func range(ofLast text: String) -> String.Index? {
    var end = endIndex
    while end > startIndex {
      if self[..<end].hasSuffix(text) { return end }
      end = index(before: end)
    }
    return nil
  }
}
