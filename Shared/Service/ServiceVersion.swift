/// The version of the suite; its programs are built and deployed together.
public enum ServiceVersion {
  public static let text = "0.1.0"
}
