internal import CShims

/// The environment variables of this process.
public enum ProcessEnvironment {
  public static var current: [String: String] {
    var variables: [String: String] = [:]
    guard var entry = airloom_environ() else { return [:] }
    while let text = entry.pointee {
      let pair = String(cString: text)
      if let equals = pair.firstIndex(of: "=") {
        variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
      }
      entry += 1
    }
    return variables
  }
}
