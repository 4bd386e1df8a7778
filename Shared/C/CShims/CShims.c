#define _GNU_SOURCE
#include "include/CShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int airloom_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int airloom_timerfd_realtime(void) {
  return timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

int airloom_timerfd_arm(int fd, struct timespec deadline) {
  struct itimerspec spec = {.it_value = deadline};
  return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL);
}

int airloom_pipe_cloexec(int fds[2]) { return pipe2(fds, O_CLOEXEC); }

int airloom_set_nonblocking(int fd, bool nonblocking) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -1;
  return fcntl(fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

int airloom_probe_read_lease(int fd) {
  signal(SIGIO, SIG_IGN);
  if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0) return -1;
  return fcntl(fd, F_SETLEASE, F_UNLCK);
}

int airloom_lock_exclusive(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }

bool airloom_is_remote_file(int fd) {
  struct statfs status;
  if (fstatfs(fd, &status) != 0) return false;
  switch ((uint32_t)status.f_type) {
    case 0x6969:      // NFS
    case 0x517B:      // SMB
    case 0xFF534D42:  // CIFS
    case 0xFE534D42:  // SMB 2
    case 0x00C36400:  // Ceph
    case 0x01021997:  // 9P
    case 0x5346414F:  // AFS
      return true;
    default:
      return false;
  }
}

int airloom_inotify(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

int airloom_inotify_watch(int inotify, int folder) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
  return inotify_add_watch(inotify, path,
                           IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                               IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
}

size_t airloom_inotify_event(const uint8_t *bytes, size_t count, int *watch, bool *overflow,
                             const uint8_t **name, size_t *length) {
  struct inotify_event event;
  if (count < sizeof event) return 0;
  memcpy(&event, bytes, sizeof event);
  if (count < sizeof event + event.len) return 0;
  *watch = event.wd;
  *overflow = (event.mask & IN_Q_OVERFLOW) != 0;
  *name = bytes + sizeof event;
  *length = event.len ? strnlen((const char *)*name, event.len) : 0;
  return sizeof event + event.len;
}

int airloom_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int airloom_wait_pidfd(int pidfd, int *code, int *status, int64_t *user_us, int64_t *system_us,
                       int64_t *max_rss_kib) {
  siginfo_t info = {0};
  struct rusage usage = {0};
  // The raw call, because glibc's waitid() has no place for the rusage.
  if (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED, &usage) < 0) return -1;
  *code = info.si_code;
  *status = info.si_status;
  *user_us = (int64_t)usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec;
  *system_us = (int64_t)usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec;
  *max_rss_kib = usage.ru_maxrss;
  return 0;
}

int airloom_rename_noreplace(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

bool airloom_contains(const void *bytes, size_t count, const void *wanted, size_t length) {
  return memmem(bytes, count, wanted, length) != NULL;
}

char *const *airloom_environ(void) { return environ; }

void airloom_set_dumpable(bool dumpable) { prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0); }

void airloom_set_thread_name(const char *name) {
  char cut[16] = {0};
  strncpy(cut, name, sizeof cut - 1);
  pthread_setname_np(pthread_self(), cut);
}

int64_t airloom_resident_bytes(void) {
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  long total = 0, resident = 0;
  int fields = fscanf(file, "%ld %ld", &total, &resident);
  fclose(file);
  return fields == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : 0;
}

int airloom_pipe_capacity(int fd, int bytes) { return fcntl(fd, F_SETPIPE_SZ, bytes); }

// Marks every descriptor from 3 up close-on-exec. close_range(2) knows the flag since Linux 5.11;
// before that (or under a filter that refuses the call) each descriptor is marked by itself.
static void mark_close_on_exec(void) {
  if (syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) == 0) return;
  long limit = sysconf(_SC_OPEN_MAX);
  if (limit < 0 || limit > 1048576) limit = 1048576;
  for (int fd = 3; fd < limit; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Runs in the vfork child: only async-signal-safe calls, and nothing that the parent must not see
// changed afterwards. Returns only when a step failed, with errno set.
static void become(const struct airloom_spawn *request, pid_t parent) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
  if (request->own_group && setpgid(0, 0) < 0) return;
  if (request->death_signal) {
    if (prctl(PR_SET_PDEATHSIG, request->death_signal) < 0) return;
    // The parent may have died before the request was in force.
    if (getppid() != parent) _exit(127);
  }
  // A refusal (a negative level without the right to it) is no reason not to run.
  if (request->nice_level != 0)
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + request->nice_level);
  if (request->working_directory && chdir(request->working_directory) < 0) return;
  // The three may overlap 0..2 themselves, so they are lifted above first.
  int fds[3] = {request->stdin_fd, request->stdout_fd, request->stderr_fd};
  for (int index = 0; index < 3; index++) {
    fds[index] = fcntl(fds[index], F_DUPFD, 3);
    if (fds[index] < 0) return;
  }
  for (int index = 0; index < 3; index++)
    if (dup2(fds[index], index) < 0) return;
  // The child has its own copy of the descriptor table (vfork shares memory only), so this touches
  // nothing of the parent's.
  mark_close_on_exec();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (strchr(request->path, '/'))
    execve(request->path, request->argv, request->envp);
  else
    execvpe(request->path, request->argv, request->envp);
}

void airloom_block_all_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
}

void airloom_mend_sigchld(void) {
  struct sigaction current;
  if (sigaction(SIGCHLD, NULL, &current) == 0 && current.sa_handler == SIG_IGN)
    signal(SIGCHLD, SIG_DFL);
}

void airloom_take_up_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
  if (syscall(SYS_capget, &header, data) < 0) return;
  if (data[0].effective == data[0].permitted && data[1].effective == data[1].permitted) return;
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) data[i].effective = data[i].permitted;
  syscall(SYS_capset, &header, data);
}

pid_t airloom_spawn(const struct airloom_spawn *request) {
  // Signals stay blocked across vfork, so that no handler of ours runs in the shared memory.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  volatile int failure = 0;
  pid_t pid = vfork();
  if (pid == 0) {
    errno = 0;
    become(request, parent);
    failure = errno ? errno : ECHILD;
    _exit(127);
  }
  int fork_errno = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (pid < 0) {
    errno = fork_errno;
    return -1;
  }
  if (failure) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    errno = failure;
    return -1;
  }
  return pid;
}
