// What a process needs that is to outlive the one that started it: fork(2), which Swift refuses to
// import, and two calls on unix sockets that need _GNU_SOURCE.
#ifndef AIRLOOM_CDETACH_H
#define AIRLOOM_CDETACH_H

#include <sys/types.h>

/// Goes on in a child with a session of its own, whose parent is nobody that waits for it. The process
/// that was started waits until the child writes one byte to the returned descriptor, and exits by its
/// value; where the child ends before, it exits with 70. Returns -1 with errno where nothing was forked.
///
/// Only while the process has one thread.
int airloom_detach(void);

/// Reads from the null device and writes to it, and to `errors` (a path; NULL: the null device) what
/// goes to standard error; the file is made anew.
int airloom_close_standard_streams(const char *errors);

/// accept4 with SOCK_CLOEXEC and SOCK_NONBLOCK.
int airloom_accept(int fd);

/// Whoever is at the other end of a connected unix socket; 0, or -1 with errno. `pid` is 0 where the
/// peer is in a process id namespace that cannot be seen.
int airloom_peer(int fd, pid_t *pid, uid_t *uid);

#endif
