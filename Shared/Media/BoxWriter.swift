/// Bytes of an MP4 file in the making: boxes whose sizes are put in once they are complete
/// (ISO/IEC 14496-12 §4.2). Methods return the writer, so that a box's fields stand in a row.
final class BoxWriter {
  private(set) var content: [UInt8] = []

  @discardableResult
  func box(_ name: StaticString, _ fill: (BoxWriter) -> Void) -> BoxWriter {
    let start = content.count
    zeros(4)
    name.withUTF8Buffer { content += $0 }
    fill(self)
    patch(UInt32(content.count - start), at: start)
    return self
  }

  @discardableResult
  func fullBox(
    _ name: StaticString, version: UInt8 = 0, flags: UInt32 = 0, _ fill: (BoxWriter) -> Void
  ) -> BoxWriter {
    box(name) { box in
      box.number(UInt32(version) << 24 | flags)
      fill(box)
    }
  }

  @discardableResult
  func number(_ value: some FixedWidthInteger) -> BoxWriter {
    withUnsafeBytes(of: value.bigEndian) { content += $0 }
    return self
  }

  @discardableResult
  func zeros(_ count: Int) -> BoxWriter {
    content += repeatElement(0, count: count)
    return self
  }

  @discardableResult
  func text(_ text: StaticString) -> BoxWriter {
    text.withUTF8Buffer { content += $0 }
    return self
  }

  @discardableResult
  func bytes(_ bytes: some Collection<UInt8>) -> BoxWriter {
    content += bytes
    return self
  }

  /// The unity transformation (14496-12 §8.2.2).
  @discardableResult
  func matrix() -> BoxWriter {
    number(UInt32(0x1_0000)).zeros(12).number(UInt32(0x1_0000)).zeros(12)
      .number(UInt32(0x4000_0000))
  }

  func patch(_ value: UInt32, at position: Int) {
    withUnsafeBytes(of: value.bigEndian) { bytes in
      for (index, byte) in bytes.enumerated() { content[position + index] = byte }
    }
  }
}
