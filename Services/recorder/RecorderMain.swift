@main
struct RecorderMain {
  static func main() {}
}
