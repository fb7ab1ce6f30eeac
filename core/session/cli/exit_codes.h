/* SPDX-License-Identifier: MIT */
/* What `realmjoin` tells scripts.  Documented in --help and realmjoin(1); never renumbered. */
#ifndef RJ_SESSION_CLI_EXIT_CODES_H
#define RJ_SESSION_CLI_EXIT_CODES_H

enum {
    RJ_EXIT_OK = 0,         /* done, or nothing was left to do */
    RJ_EXIT_FAILED = 1,     /* tried and did not work */
    RJ_EXIT_USAGE = 2,      /* wrong usage or bad input; nothing was done */
    RJ_EXIT_NO_SERVICE = 3, /* the service is not running or does not answer */
    RJ_EXIT_REFUSED = 4,    /* not assigned, not known, or not allowed */
    RJ_EXIT_HELD = 5,       /* must wait: a check, a session, a dependency, another run */
    RJ_EXIT_RESTART = 6,    /* done, a restart is needed; only with --exit-restart */
    RJ_EXIT_INTERRUPTED = 130
};

#endif
