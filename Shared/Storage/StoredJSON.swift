internal import FoundationEssentials

/// Values that are stored whole, as JSON in a text column: always written the same way, so that equal
/// values are equal texts.
public enum StoredJSON {
  public static func encode(_ value: some Encodable) throws(StorageError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
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
