@main
struct FeederMain {
  static func main() {}
}
