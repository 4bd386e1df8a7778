@main
struct DeliveryMain {
  static func main() {}
}
