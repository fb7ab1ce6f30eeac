/* SPDX-License-Identifier: MIT */
/*
 * The users' sessions: processes that run user-scope package steps with the user's own rights.
 *
 *     agent asks --> question waits --> sent --> begun (first session.progress) --> answered
 *
 * A user may have several sessions; the newest does the work, an older one takes over when it goes.
 * A session says session.progress before it touches anything, so that a lost one is judged rightly:
 * what it had not begun is RJ_E_NOT_STARTED, what it had is RJ_E_ABANDONED.  A session that answers
 * neither by the deadline nor shortly after is dropped.
 *
 * Every question is answered exactly once, on a later turn of the loop.  Loop thread only.
 */
#ifndef RJ_IPC_SESSIONS_H
#define RJ_IPC_SESSIONS_H

#include "base/status.h"
#include "engine/agent.h"
#include "runtime/loop.h"

typedef struct rj_sessions rj_sessions;
typedef struct rj_session rj_session;

/* How a session is reached.  `send` false: it is gone, rj_session_close() was or will be called. */
typedef struct rj_session_link {
    bool (*send)(void *data, const char *bytes, size_t length);
    void (*drop)(void *data, const char *why); /* it does not answer: close it */
    void *data;
} rj_session_link;

/* `changed`: a user's first session came or the last one went. */
rj_status rj_sessions_new(rj_loop *loop, void (*changed)(void *data, rj_uid uid, bool present),
                          void *data, rj_sessions **ret_sessions, rj_error *err);
void rj_sessions_free(rj_sessions *sessions); /* NULL is fine; no session may be open */

rj_status rj_session_open(rj_sessions *sessions, rj_uid uid, const rj_session_link *link,
                          rj_session **ret_session, rj_error *err);
/* `heard_all`: it ended and every byte it had sent was read, so what it did not begin never ran. */
void rj_session_close(rj_session *session, bool heard_all);

/* The session's messages; `params` is checked.  RJ_E_NOT_FOUND: no such question is open. */
rj_status rj_session_answer(rj_session *session, const json_t *params, rj_error *err);
rj_status rj_session_progress(rj_session *session, const json_t *params, rj_error *err);
rj_status rj_session_output(rj_session *session, const json_t *params, rj_error *err);

rj_user_performer rj_sessions_performer(rj_sessions *sessions);

/* "detect", "fetch", ... of session.perform. */
const char *rj_package_verb_name(rj_package_verb verb);
bool rj_package_verb_of_name(const char *name, rj_package_verb *ret_verb);

#endif
