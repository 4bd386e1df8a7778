@main
struct AirloomMain {
  static func main() {}
}
