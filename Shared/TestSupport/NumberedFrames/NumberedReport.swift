public import Base
internal import Glibc

/// Which numbered frames a piece of media holds, in the order of its bytes, and what is wrong with
/// them. Works on raw frames and on containers alike, since the marks stay in one piece.
public struct NumberedReport: Sendable, CustomStringConvertible {
  /// The numbers of intact frames of the wanted stream, in file order.
  public let numbers: [UInt64]
  /// Numbers between the least and the greatest that are not there.
  public let missing: [UInt64]
  /// Numbers that came more than once, each named once for every extra time.
  public let duplicates: [UInt64]
  /// Numbers that came after a greater one for the first time.
  public let reordered: [UInt64]
  /// Marks that are damaged, or stand in a frame whose other bytes are.
  public let corrupt: Int
  /// Intact marks of other streams.
  public let foreign: Int

  /// Everything from the first number to the last is there once and in order.
  public var isSeamless: Bool {
    !numbers.isEmpty && missing.isEmpty && duplicates.isEmpty && reordered.isEmpty && corrupt == 0
      && foreign == 0
  }

  public init(_ bytes: [UInt8], of frames: NumberedFrames) {
    var numbers: [UInt64] = []
    var corrupt = 0
    var foreign = 0
    for start in NumberedReport.marks(in: bytes) {
      guard let mark = FrameMark(bytes[start...]) else {
        corrupt += 1
        continue
      }
      guard mark.tag == frames.tag else {
        foreign += 1
        continue
      }
      if NumberedReport.isIntact(bytes, start, frames.frame(mark.number)) {
        numbers.append(mark.number)
      } else {
        corrupt += 1
      }
    }
    self.init(numbers: numbers, corrupt: corrupt, foreign: foreign)
  }

  /// Reads a whole file. Blocks.
  public init(fileAt path: String, of frames: NumberedFrames) throws(SystemError) {
    self.init(try DurableFile.read(path), of: frames)
  }

  init(numbers: [UInt64], corrupt: Int, foreign: Int) {
    self.numbers = numbers
    self.corrupt = corrupt
    self.foreign = foreign
    var seen: Set<UInt64> = []
    var duplicates: [UInt64] = []
    var reordered: [UInt64] = []
    var greatest: UInt64?
    for number in numbers {
      if !seen.insert(number).inserted {
        duplicates.append(number)
      } else if let last = greatest, number < last {
        reordered.append(number)
      }
      greatest = max(greatest ?? number, number)
    }
    self.duplicates = duplicates
    self.reordered = reordered
    if let least = seen.min(), let greatest {
      missing = (least...greatest).filter { !seen.contains($0) }
    } else {
      missing = []
    }
  }

  public var description: String {
    let span = numbers.first.flatMap { first in numbers.last.map { "\(first)…\($0)" } } ?? "none"
    return "\(numbers.count) frames \(span), missing \(missing.count) \(missing.prefix(5)), "
      + "duplicate \(duplicates.count) \(duplicates.prefix(5)), reordered \(reordered.count), "
      + "corrupt \(corrupt), foreign \(foreign)"
  }

  private static func marks(in bytes: [UInt8]) -> [Int] {
    var found: [Int] = []
    let magic = FrameMark.magic
    bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      var index = 0
      while let hit = memchr(base + index, Int32(magic[0]), bytes.count - index) {
        let position = UnsafeRawPointer(hit) - base
        let isMark =
          bytes.count - position >= magic.count
          && memcmp(base + position, magic, magic.count) == 0
        if isMark { found.append(position) }
        index = position + (isMark ? magic.count : 1)
      }
    }
    return found
  }

  /// Whether the frame around the mark is the one that was made, to the byte. Containers may take
  /// the ADTS header away, so only what follows the header is compared there.
  private static func isIntact(_ bytes: [UInt8], _ markStart: Int, _ frame: [UInt8]) -> Bool {
    guard let offset = marks(in: frame).first else { return false }
    let isADTS = frame[1] & 0x06 == 0
    let skipped = isADTS ? 7 : 0
    let start = markStart - offset + skipped
    let end = markStart - offset + frame.count
    guard start >= 0, end <= bytes.count else { return false }
    return bytes[start..<end].elementsEqual(frame[skipped...])
  }
}
