@main
struct ConverterMain {
  static func main() {}
}
