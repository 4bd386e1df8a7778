internal import Glibc

/// Whether tests run in their long forms, as `make campaign` asks for (AIRLOOM_CAMPAIGN=1). The short
/// forms, in every run, show the same things with less of them.
public enum Campaign {
  public static let isOn = getenv("AIRLOOM_CAMPAIGN").map { String(cString: $0) } == "1"

  public static func pick<Value>(short: Value, long: Value) -> Value { isOn ? long : short }
}
