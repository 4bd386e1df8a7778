#define _GNU_SOURCE
#include "include/CDetach.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int airloom_detach(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  pid_t pid = fork();
  if (pid < 0) {
    int code = errno;
    close(ends[0]);
    close(ends[1]);
    errno = code;
    return -1;
  }
  if (pid > 0) {
    close(ends[1]);
    unsigned char code = 70;
    ssize_t count;
    do {
      count = read(ends[0], &code, 1);
    } while (count < 0 && errno == EINTR);
    _exit(count == 1 ? code : 70);
  }
  close(ends[0]);
  // Cannot fail: a process that was just forked leads no group.
  setsid();
  return ends[1];
}

int airloom_close_standard_streams(const char *errors) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return -1;
  int log = errors ? open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(log >= 0 ? log : null, STDERR_FILENO);
  if (log > STDERR_FILENO) close(log);
  if (null > STDERR_FILENO) close(null);
  return 0;
}

int airloom_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int airloom_peer(int fd, pid_t *pid, uid_t *uid) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -1;
  *pid = credentials.pid;
  *uid = credentials.uid;
  return 0;
}
