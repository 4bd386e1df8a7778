internal import FoundationEssentials

/// Values that are stored or handed out whole, as JSON: always written the same way, so that equal
/// values are equal texts.
public enum StoredJSON {
  public static func encode(_ value: some Encodable) throws(StorageError) -> String {
    String(decoding: try bytes(value), as: UTF8.self)
  }

  public static func bytes(_ value: some Encodable) throws(StorageError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value))
    } catch {
      throw StorageError(.misuse, "a \(type(of: value)) cannot be written as JSON: \(error)")
    }
  }

  public static func decode<Value: Decodable>(
    _ text: String, as type: Value.Type = Value.self
  ) throws(StorageError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw StorageError(.misuse, "a stored \(type) cannot be read: \(error)")
    }
  }
}
