/* SPDX-License-Identifier: MIT */
/*
 * One session program for each user and desktop session, and links that reach it (Windows).
 *
 *     link program: claim? taken --> its text to the one that runs --> "yes, mine" --> ends
 *
 * The text is judged by the grammar on both sides: any program of this user may send one.  Where there is
 * no such program, or it has no window to show anything in, the link program does the work itself.
 * posix: RJ_E_NOT_APPLICABLE and RJ_E_NOT_FOUND, always.
 */
#ifndef RJ_SESSION_INSTANCE_H
#define RJ_SESSION_INSTANCE_H

#include "base/status.h"
#include "runtime/loop.h"

typedef struct rj_instance rj_instance;

#define RJ_INSTANCE_SHOW "show" /* in place of a link: let the person see the menu */

/* RJ_E_BUSY: another one is there.  `on_link` on the loop, with text that the grammar has accepted or RJ_INSTANCE_SHOW; NULL:
 * links are left to who was called with them.  `root`: as rj_paths_root(). */
rj_status rj_instance_claim(rj_loop *loop, const char *root,
                            void (*on_link)(void *data, const char *text), void *data,
                            rj_instance **ret_instance, rj_error *err);
void rj_instance_release(rj_instance *instance); /* NULL is fine */

/* RJ_E_NOT_FOUND: nobody takes it; do it yourself. */
rj_status rj_instance_forward(const char *root, const char *text, rj_error *err);

#endif
