/// The name of an element or attribute.
public struct XMLName: Hashable, Sendable {
  /// As it is written, empty where there is none.
  public var prefix: String
  public var local: String
  /// What the prefix stands for; empty where it was not declared.
  public var namespace: String
}

/// An element as it begins.
public struct XMLElement: Hashable, Sendable {
  public var name: XMLName
  public var attributes: [(name: XMLName, value: String)]

  /// The first attribute of that local name, whatever its namespace and case.
  public subscript(name: String) -> String? {
    attributes.first { $0.name.local.lowercased() == name }?.value
  }

  public static func == (left: XMLElement, right: XMLElement) -> Bool {
    left.name == right.name
      && left.attributes.elementsEqual(right.attributes) {
        $0.name == $1.name && $0.value == $1.value
      }
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Takes a document's parts in their order, while it is read.
public protocol XMLHandler: AnyObject {
  func begin(_ element: XMLElement)
  /// In pieces of any length.
  func text(_ text: String)
  func end(_ name: XMLName)
}
