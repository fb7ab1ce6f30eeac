/* SPDX-License-Identifier: MIT */
/* The local IPC end point: a UNIX socket whose path may be longer than sun_path allows; on Windows a
 * named pipe. */
#ifndef RJ_PLATFORM_LOCAL_SOCKET_H
#define RJ_PLATFORM_LOCAL_SOCKET_H

#include "base/status.h"
#include "platform/system.h"

#include <stdbool.h>
#include <stdint.h>

typedef intptr_t rj_local_socket; /* a descriptor; on Windows a handle */

/* Who is at the other end, as the system says. */
typedef struct rj_peer {
    rj_uid uid;
    long pid;
    bool admin;       /* root, Administrator, or the account this program runs as */
    uint32_t session; /* of Windows; 0 elsewhere */
    char image[260];  /* what it runs, to be told; "" if that is not known */
    char name[64];    /* of the account itself, where `uid` may stand for several; "" elsewhere */
} rj_peer;

/* Listening descriptor, connectable by every local user (mode 0666, folder 0755); a stale socket
 * file is replaced.  The caller holds the instance lock, so no living server is displaced.
 * Windows: the first instance of the pipe; there must be no other. */
rj_status rj_local_socket_listen(const char *path, int backlog, rj_local_socket *ret_socket,
                                 rj_error *err);
/* Connected, blocking descriptor; a handle is for overlapped use.  RJ_E_NOT_FOUND: nobody listens. */
rj_status rj_local_socket_connect(const char *path, rj_local_socket *ret_socket, rj_error *err);
/* Of either end. */
rj_status rj_local_socket_peer(rj_local_socket socket, rj_peer *ret_peer, rj_error *err);
void rj_local_socket_remove(const char *path);

#endif
