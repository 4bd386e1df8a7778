/// Why a drop could not be converted: a closed kind, from which trying again, waiting and setting it
/// aside are chosen, and one sentence for a person.
///
/// `kind`'s raw value is a label of a metric: a case may be added, never renamed.
struct ConverterError: Error, Hashable, Sendable, CustomStringConvertible {
  enum Kind: String, CaseIterable, Sendable {
    /// The drop is not what it was when the work on it began.
    case sourceChanged = "source-changed"
    /// No such file any more.
    case sourceGone = "source-gone"
    /// It cannot be opened or read.
    case sourceUnreadable = "source-unreadable"
    /// FFmpeg ended with an error.
    case transcode
    /// FFmpeg stood still.
    case stalled
    /// What was made is not what it should be.
    case verification
    case noSpace = "no-space"
    /// The output folder cannot be written.
    case output
    /// A program that is needed is not installed or does not start.
    case program
    /// Stopped from our side: shutdown, or called off.
    case interrupted
  }

  /// What is to be done about a kind.
  enum Class: Sendable {
    /// Look at the drop again, as if it had just been found.
    case lookAgain
    /// Not the drop's fault: wait, without counting it.
    case wait
    /// A failed try.
    case fault
    /// Nothing happened.
    case none
  }

  let kind: Kind
  /// One sentence: what is wrong and what to do.
  let reason: String

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  var description: String { reason }
}

extension ConverterError.Kind {
  var failureClass: ConverterError.Class {
    switch self {
    case .sourceChanged, .sourceGone: .lookAgain
    case .noSpace, .output, .program: .wait
    case .sourceUnreadable, .transcode, .stalled, .verification: .fault
    case .interrupted: .none
    }
  }
}
