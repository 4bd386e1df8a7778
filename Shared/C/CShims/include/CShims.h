// Calls that Swift cannot import from glibc: variadics, GNU extensions that need _GNU_SOURCE, and
// globals that strict concurrency refuses. _GNU_SOURCE is defined in CShims.c only: defining it
// here would change fd_set for every module that includes this header.
#ifndef AIRLOOM_CSHIMS_H
#define AIRLOOM_CSHIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

// Every function returns what the call returns and leaves errno as the call left it.

int airloom_eventfd(void);
/// An absolute CLOCK_REALTIME timer that is cancelled (ECANCELED) when the clock is stepped.
int airloom_timerfd_realtime(void);
int airloom_timerfd_arm(int fd, struct timespec deadline);
int airloom_pipe_cloexec(int fds[2]);
/// Asks for room for that many bytes in a pipe (F_SETPIPE_SZ); the system may refuse.
int airloom_pipe_capacity(int fd, int bytes);
int airloom_set_nonblocking(int fd, bool nonblocking);
/// F_SETLEASE with F_RDLCK, released at once; 0 when nobody has the file open for writing. Makes the
/// process ignore SIGIO, whose default would end it when a writer comes in that very moment.
int airloom_probe_read_lease(int fd);
/// Whether the file lies on another machine, whose writers the lease does not know.
bool airloom_is_remote_file(int fd);
int airloom_lock_exclusive(int fd);
/// An inotify descriptor that does not block; -1 where the system has no more of them.
int airloom_inotify(void);
/// Watches a folder for files that were closed by a writer, made, moved or removed. The folder is the
/// one behind the descriptor, whatever its name is now.
int airloom_inotify_watch(int inotify, int folder);
/// One event out of a buffer that read(2) filled: its watch, whether anything was lost before it, and
/// the name (length 0: the folder itself). Returns the bytes that it took; 0: no whole event is there.
size_t airloom_inotify_event(const uint8_t *bytes, size_t count, int *watch, bool *overflow,
                             const uint8_t **name, size_t *length);
int airloom_pidfd_open(pid_t pid);
/// Waits for the child behind a pidfd; `status` is as from waitpid, `user_us`/`system_us` its CPU.
int airloom_wait_pidfd(int pidfd, int *code, int *status, int64_t *user_us, int64_t *system_us,
                       int64_t *max_rss_kib);
int airloom_rename_noreplace(const char *from, const char *to);
/// Whether the bytes are found in the others (memmem).
bool airloom_contains(const void *bytes, size_t count, const void *wanted, size_t length);
char *const *airloom_environ(void);
void airloom_set_dumpable(bool dumpable);
void airloom_set_thread_name(const char *name);
/// The resident set of this process in bytes, from /proc/self/statm; 0 when it cannot be read.
int64_t airloom_resident_bytes(void);

/// Blocks every signal on the calling thread, for threads that must never run a handler.
void airloom_block_all_signals(void);
/// Where a parent started us with SIGCHLD ignored, the kernel reaps children by itself and their
/// exit status is lost; this undoes it.
void airloom_mend_sigchld(void);
/// Takes up the capabilities that the program's file grants (setcap …=p) and the process does not use
/// yet: a file that demands them (=ep) could not be started at all where they are not to be had.
void airloom_take_up_capabilities(void);

struct airloom_spawn {
  const char *path;             // found on the parent's PATH when it has no slash
  char *const *argv;
  char *const *envp;
  const char *working_directory; // NULL: the parent's
  int stdin_fd, stdout_fd, stderr_fd;
  int nice_level;               // added to the parent's
  bool own_group;               // a new process group, so that a stop reaches grandchildren
  int death_signal;             // to the child when the spawning thread ends; 0: none
};
/// Starts a child with only descriptors 0, 1 and 2, default signal actions and an empty signal
/// mask. Returns the pid, or -1 with errno of the step that failed (execve included).
pid_t airloom_spawn(const struct airloom_spawn *request);

#endif
