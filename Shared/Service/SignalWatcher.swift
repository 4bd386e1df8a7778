internal import Glibc

/// SIGTERM and SIGINT: the first asks the process to end its work, the second ends it at once. SIGHUP
/// (the terminal or the parent is gone) asks as well, however often it comes: the kernel repeats the
/// "parent died" signal for each thread of a parent that is killed.
///
/// They are blocked in every thread and taken by sigwait(3) on the main thread, so that nothing
/// runs inside a signal handler. An asynchronous `main` would not do: the runtime then parks the main
/// thread in sigsuspend(2) with every signal let through. SIGPIPE is ignored: a peer that hangs up is
/// an error of a call.
public enum SignalWatcher {
  /// To be called first thing on the main thread: threads inherit the mask.
  public static func block() {
    signal(SIGPIPE, SIG_IGN)
    var signals = watched
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  /// The rest of the main thread's life: calls back at the first signal; at the second the process
  /// exits with 128 + its number, as shells do, after a last call.
  public static func watch(
    onFirst: (_ name: String) -> Void, onSecond: (_ name: String) -> Void = { _ in }
  ) -> Never {
    onFirst(name(of: next()))
    var number = SIGHUP
    while number == SIGHUP { number = next() }
    onSecond(name(of: number))
    _exit(128 + number)
  }

  private static func next() -> Int32 {
    var signals = watched
    var number: Int32 = 0
    while sigwait(&signals, &number) != 0 {}
    return number
  }

  private static func name(of number: Int32) -> String {
    [SIGINT: "SIGINT", SIGHUP: "SIGHUP"][number] ?? "SIGTERM"
  }

  private static var watched: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGHUP)
    return signals
  }
}
