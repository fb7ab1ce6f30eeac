/* SPDX-License-Identifier: MIT */
/*
 * Who may call what.  A pure function over facts that the server collected, so that the whole table
 * can be tested.  The agent decides on top of this whether a package is assigned to the caller.
 */
#ifndef RJ_IPC_AUTHORIZE_H
#define RJ_IPC_AUTHORIZE_H

#include "base/status.h"
#include "platform/system.h"
#include <stdbool.h>

/* The rule of a method, a column of the table of methods. */
typedef enum rj_access {
    RJ_ACCESS_ANYONE,      /* the answer itself is cut to the caller's part */
    RJ_ACCESS_ADMIN,       /* root only */
    RJ_ACCESS_OWN_PACKAGE, /* root, or the package is user-scope: the caller's own */
    RJ_ACCESS_USER,        /* any user but root: user-scope work never runs as root */
    RJ_ACCESS_SESSION      /* a connection that registered as a session */
} rj_access;

typedef enum rj_package_fact {
    RJ_PACKAGE_NOT_VISIBLE, /* unknown to the caller; the agent refuses it with its reason */
    RJ_PACKAGE_SYSTEM_SCOPE,
    RJ_PACKAGE_USER_SCOPE
} rj_package_fact;

typedef struct rj_access_facts {
    rj_uid uid;              /* as the kernel says */
    bool admin;              /* uid 0, or the user the service runs as */
    bool session;            /* this connection is a registered session */
    rj_package_fact package; /* of OWN_PACKAGE methods */
} rj_access_facts;

/* RJ_OK, or RJ_E_DENIED with the reason as a sentence without the caller's name. */
rj_status rj_authorize(const rj_access_facts *facts, rj_access access, rj_error *err);

#endif
