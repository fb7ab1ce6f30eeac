/* SPDX-License-Identifier: MIT */
/* The local IPC end point: a UNIX socket whose path may be longer than sun_path allows. */
#ifndef RJ_PLATFORM_LOCAL_SOCKET_H
#define RJ_PLATFORM_LOCAL_SOCKET_H

#include "base/status.h"
#include "platform/system.h"

/* Who is at the other end, as the kernel says. */
typedef struct rj_peer {
    rj_uid uid;
    long pid;
} rj_peer;

/* Listening descriptor, connectable by every local user (mode 0666, folder 0755); a stale socket
 * file is replaced.  The caller holds the instance lock, so no living server is displaced. */
rj_status rj_local_socket_listen(const char *path, int backlog, int *ret_fd, rj_error *err);
/* Connected, blocking descriptor.  RJ_E_NOT_FOUND: nobody listens. */
rj_status rj_local_socket_connect(const char *path, int *ret_fd, rj_error *err);
rj_status rj_local_socket_peer(int fd, rj_peer *ret_peer, rj_error *err);
void rj_local_socket_remove(const char *path);

#endif
