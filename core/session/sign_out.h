/* SPDX-License-Identifier: MIT */
/*
 * The end of the desktop session, as Windows announces it: the person signs out, the machine shuts down, or
 * an installer closes the program to replace or remove it.
 *
 *     announced --> held up with a reason? refused --> otherwise: `ended` on the loop --> cleaned up --> stop
 *
 * An end that is forced, or that an installer wants (realmjoinservice --end-sessions), is never refused.  RJ_E_NOT_APPLICABLE: there is no desktop, or (posix) signals tell.
 */
#ifndef RJ_SESSION_SIGN_OUT_H
#define RJ_SESSION_SIGN_OUT_H

#include "base/status.h"
#include "runtime/loop.h"

typedef struct rj_sign_out rj_sign_out;

/* `ended` on the loop, once.  The system waits, for a while, until rj_sign_out_stop(). */
rj_status rj_sign_out_watch(rj_loop *loop, void (*ended)(void *data), void *data,
                            rj_sign_out **ret_watch, rj_error *err);
/* Why the end has to wait, in the person's language; NULL: it need not any more.  `watch` may be NULL. */
void rj_sign_out_hold(rj_sign_out *watch, const char *reason);
void rj_sign_out_stop(rj_sign_out *watch); /* everything is cleaned up; NULL is fine */

#endif
