/* SPDX-License-Identifier: MIT */
/* The named pipe's further instances, and how the two sources of a client's identity are put together. */
#ifndef RJ_PLATFORM_WIN32_LOCAL_SOCKET_H
#define RJ_PLATFORM_WIN32_LOCAL_SOCKET_H

#include "platform/local_socket.h"

#include <windows.h>

/* Who may open the pipe: everybody on this machine may talk, nobody of low integrity, from the network
 * or as a second server. */
#define RJ_PIPE_SDDL                                                                               \
    L"D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)(A;;0x12019b;;;IU)(A;;0x12019b;;;AU)"     \
    L"S:(ML;;NWNR;;;ME)"

rj_status rj_local_socket_instance(const char *path, bool first, HANDLE *ret_pipe, rj_error *err);

/* One source's word on who it is. */
typedef struct rj_identity {
    rj_uid uid;
    bool admin;
} rj_identity;

/* Never more than either says.  RJ_E_DENIED: they name two different users. */
rj_status rj_identity_merge(const rj_identity *left, const rj_identity *right,
                            rj_identity *ret_identity, rj_error *err);

#endif
