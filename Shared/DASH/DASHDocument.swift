internal import XML

/// An element of a manifest with what is in it.
final class DASHElement {
  let name: String
  let attributes: XMLElement
  fileprivate(set) var children: [DASHElement] = []
  fileprivate(set) var text = ""

  init(_ element: XMLElement) {
    name = element.name.local
    attributes = element
  }

  /// An attribute; names are written as in the standard.
  subscript(name: String) -> String? { attributes[name.lowercased()] }

  func integer(_ name: String) -> Int64? {
    self[name].flatMap { Int64($0.filter { !$0.isWhitespace }) }
  }

  func all(_ name: String) -> [DASHElement] { children.filter { $0.name == name } }
  func first(_ name: String) -> DASHElement? { children.first { $0.name == name } }
}

/// Gathers a document's elements as a tree.
final class DASHDocument: XMLHandler {
  private static let mostElements = 200_000

  private(set) var root: DASHElement?
  private(set) var isTooLarge = false
  private var open: [DASHElement] = []
  private var count = 0

  func begin(_ element: XMLElement) {
    count += 1
    isTooLarge = isTooLarge || count > Self.mostElements
    guard !isTooLarge else { return }
    let new = DASHElement(element)
    open.last?.children.append(new)
    if root == nil { root = new }
    open.append(new)
  }

  func text(_ text: String) {
    guard !isTooLarge, let last = open.last, last.name == "BaseURL" || last.name == "Location"
    else { return }
    last.text += text
  }

  func end(_ name: XMLName) {
    guard !isTooLarge else { return }
    // What was not closed is closed by what surrounds it.
    if let index = open.lastIndex(where: { $0.name == name.local }) {
      open.removeSubrange(index...)
    }
  }
}
