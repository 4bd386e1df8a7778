internal import Glibc
internal import Synchronization

/// A thread that runs an actor's jobs one after another: the executor of every actor that makes
/// blocking C calls (SQLite, libcurl, file writes).
///
/// Such a call on Swift's shared pool (two threads on two cores) stalls the whole process: with the
/// pool blocked, a sleep of 10 ms took over a second. The thread lives as long as anything refers
/// to this object, then ends by itself.
public final class DedicatedThread: SerialExecutor {
  private let queue: JobQueue

  public init(named name: String) {
    queue = JobQueue(name: name)
    queue.start()
  }

  deinit { queue.close() }

  public func enqueue(_ job: consuming ExecutorJob) {
    queue.append(UnownedJob(job), for: asUnownedSerialExecutor())
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  public func checkIsolated() {
    precondition(
      queue.isCurrentThread, "an actor's state was touched from outside its thread")
  }
}

/// The queue behind a `DedicatedThread`, shared with the thread itself so that the thread does not
/// keep the executor alive.
///
/// `@unchecked Sendable`: `jobs` and `isClosed` are touched only with `lock` held, and `condition`
/// is made for being shared.
private final class JobQueue: @unchecked Sendable {
  private let name: String
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private let thread = Atomic<UInt>(0)
  private var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
  private var isClosed = false

  init(name: String) {
    self.name = name
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    pthread_mutex_init(lock, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(lock)
    condition.deallocate()
    lock.deallocate()
  }

  var isCurrentThread: Bool {
    thread.load(ordering: .relaxed) == UInt(pthread_self())
  }

  func start() {
    BackgroundThread(named: name) { [self] in loop() }.start()
  }

  func append(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
    pthread_mutex_lock(lock)
    jobs.append((job, executor))
    pthread_mutex_unlock(lock)
    pthread_cond_signal(condition)
  }

  func close() {
    pthread_mutex_lock(lock)
    isClosed = true
    pthread_mutex_unlock(lock)
    pthread_cond_signal(condition)
  }

  private func loop() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    while let batch = next() {
      for (job, executor) in batch { job.runSynchronously(on: executor) }
    }
  }

  /// All waiting jobs; nil once closed and empty.
  private func next() -> [(UnownedJob, UnownedSerialExecutor)]? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while jobs.isEmpty {
      if isClosed { return nil }
      pthread_cond_wait(condition, lock)
    }
    let batch = jobs
    jobs.removeAll(keepingCapacity: true)
    return batch
  }
}
