// libmicrohttpd, with the variadic calls that Swift cannot import wrapped.
#ifndef AIRLOOM_CMICROHTTPD_H
#define AIRLOOM_CMICROHTTPD_H

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct airloom_mhd_settings {
  int listen_fd; // owned by the daemon until MHD_quiesce_daemon gives it back
  unsigned int threads;
  unsigned int connection_limit;
  unsigned int connection_limit_per_address; // 0: none
  unsigned int idle_timeout_s;
  MHD_AccessHandlerCallback on_request;
  MHD_RequestCompletedCallback on_completed;
  void *context;
};

// Leaves escapes alone: routing must see "%2F" and "%00" before they become a slash and an end.
static inline size_t airloom_mhd_keep_escapes(void *context, struct MHD_Connection *connection,
                                              char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

static inline struct MHD_Daemon *airloom_mhd_start(const struct airloom_mhd_settings *settings) {
  unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
  return MHD_start_daemon(
      flags, 0, NULL, NULL, settings->on_request, settings->context,
      MHD_OPTION_LISTEN_SOCKET, settings->listen_fd,
      MHD_OPTION_UNESCAPE_CALLBACK, airloom_mhd_keep_escapes, NULL,
      MHD_OPTION_NOTIFY_COMPLETED, settings->on_completed, settings->context,
      MHD_OPTION_CONNECTION_LIMIT, settings->connection_limit,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->connection_limit_per_address,
      MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_timeout_s,
      MHD_OPTION_STRICT_FOR_CLIENT, 1,
      // A pool of one is refused; without the option there is one thread.
      settings->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, settings->threads,
      MHD_OPTION_END);
}

/// Writes the peer's address as text, empty for a unix socket; `size` is best INET6_ADDRSTRLEN.
static inline void airloom_mhd_peer(struct MHD_Connection *connection, char *text,
                                    socklen_t size) {
  text[0] = 0;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (!info || !info->client_addr) return;
  if (info->client_addr->sa_family == AF_INET) {
    struct sockaddr_in *address = (struct sockaddr_in *)info->client_addr;
    inet_ntop(AF_INET, &address->sin_addr, text, size);
  } else if (info->client_addr->sa_family == AF_INET6) {
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)info->client_addr;
    inet_ntop(AF_INET6, &address->sin6_addr, text, size);
  }
}

/// Ends a connection whose peer does not read: its thread sees the hang-up and closes it. Shutdown
/// rather than close, because the descriptor stays libmicrohttpd's.
static inline void airloom_mhd_hang_up(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (info) shutdown(info->connect_fd, SHUT_RDWR);
}

#endif
