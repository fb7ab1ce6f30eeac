/* SPDX-License-Identifier: MIT */
/*
 * Questions to the users' sessions, see sessions.h.
 *
 * At most WINDOW questions are with a session at a time; the others wait here as the line that will
 * be sent, so that ten thousand detections do not flood the session's socket.  A question's clock
 * starts when it is sent.
 */
#include "ipc/sessions.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "ipc/message.h"
#include <stdio.h>
#include <string.h>

#define WINDOW 8u
/* The session's own runtime ends an op at its deadline plus its grace; then it is our turn. */
#define GRACE_MS 15000
#define SESSIONS_PER_USER 16u
#define LINES_MOST ((json_int_t)1 << 53)

typedef enum question_state { WAITING, SENT, BEGUN } question_state;

typedef struct open_question {
    struct open_question *next;
    rj_sessions *sessions;
    rj_session *session; /* NULL: answered by us, on its way through the loop */
    uint64_t number;
    question_state state;
    bool cancel_sent;
    char *line;
    size_t length;
    rj_timer *timer;
    rj_question asked; /* correlation not kept */
    rj_post post;
    rj_status status;
    const char *message; /* static */
} open_question;

struct rj_session {
    rj_session *next; /* newest first */
    rj_sessions *sessions;
    rj_uid uid;
    rj_session_link link;
    open_question *first; /* in order of asking: what was sent is in front */
    open_question **end;
    unsigned in_flight;
    rj_post closed;
};

struct rj_sessions {
    rj_loop *loop;
    void (*changed)(void *data, rj_uid uid, bool present);
    void *data;
    rj_session *newest;
    uint64_t last_number;
    open_question spare; /* to answer that there is no memory for a question */
    bool spare_in_use;
};

static const char *const verb_names[] = {"detect", "fetch", "install", "uninstall", "recover"};

const char *rj_package_verb_name(rj_package_verb verb)
{
    return verb_names[verb];
}

bool rj_package_verb_of_name(const char *name, rj_package_verb *ret_verb)
{
    for (size_t i = 0; i < sizeof verb_names / sizeof verb_names[0]; i++) {
        if (strcmp(verb_names[i], name) == 0) {
            *ret_verb = (rj_package_verb)i;
            return true;
        }
    }
    return false;
}

static rj_session *newest_of(const rj_sessions *sessions, rj_uid uid)
{
    for (rj_session *session = sessions->newest; session; session = session->next) {
        if (session->uid == uid)
            return session;
    }
    return NULL;
}

/* ---- Answering ------------------------------------------------------------------------------- */

static void free_question(open_question *question)
{
    rj_timer_stop(question->timer);
    rj_free(question->line);
    if (question == &question->sessions->spare)
        question->sessions->spare_in_use = false;
    else
        rj_free(question);
}

static void answer_now(void *data)
{
    open_question *question = data;
    rj_answer answer = {.status = question->status, .message = question->message, .plugin_id = ""};
    rj_question asked = question->asked;
    free_question(question);
    asked.answered(asked.data, &answer);
}

static void answer_later(open_question *question, rj_status status, const char *message)
{
    rj_timer_stop(question->timer);
    question->timer = NULL;
    question->session = NULL;
    question->status = status;
    question->message = message;
    rj_loop_post(question->sessions->loop, &question->post, answer_now, question);
}

static void unlink_question(open_question *gone)
{
    rj_session *session = gone->session;
    for (open_question **at = &session->first; *at; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            if (!gone->next)
                session->end = at;
            break;
        }
    }
    if (gone->state != WAITING)
        session->in_flight--;
}

/* ---- Sending --------------------------------------------------------------------------------- */

static void on_overdue(void *data)
{
    open_question *question = data;
    question->session->link.drop(question->session->link.data,
                                 "the session did not answer in time");
}

static rj_status start_clock(open_question *question)
{
    return rj_timer_start(question->sessions->loop,
                          (uint64_t)(question->asked.deadline_ms + GRACE_MS), 0, on_overdue,
                          question, &question->timer, NULL);
}

/* Sending may find the session lost, which empties its list: begin anew after each one. */
static void send_waiting(rj_session *session)
{
    while (session->in_flight < WINDOW) {
        open_question *next = session->first;
        while (next && next->state != WAITING)
            next = next->next;
        if (!next)
            return;
        next->state = SENT;
        session->in_flight++;
        if (start_clock(next) != RJ_OK) {
            unlink_question(next);
            answer_later(next, RJ_E_NO_MEMORY, "session: out of memory while asking");
            continue;
        }
        char *line = next->line;
        next->line = NULL;
        bool sent = session->link.send(session->link.data, line, next->length);
        rj_free(line);
        if (!sent)
            return;
    }
}

static char *format_perform(uint64_t number, rj_package_verb verb, const json_t *request,
                            const rj_question *asked, size_t *ret_length)
{
    rj_text text = RJ_TEXT_EMPTY;
    json_t *params = json_pack("{s:I, s:s, s:O, s:I, s:s}", "question", (json_int_t)number, "verb",
                               rj_package_verb_name(verb), "request", (json_t *)request,
                               "deadline_ms", (json_int_t)asked->deadline_ms, "correlation",
                               asked->correlation ? asked->correlation : "");
    if (params)
        rj_message_add_notification(&text, "session.perform", params);
    json_decref(params);
    *ret_length = text.length;
    if (!params || text.length > RJ_MESSAGE_MAX) {
        rj_text_free(&text);
        return NULL;
    }
    return rj_text_take(&text);
}

static open_question *new_question(rj_sessions *sessions, const rj_question *asked)
{
    open_question *created = rj_calloc(1, sizeof *created);
    if (!created && !sessions->spare_in_use) {
        created = &sessions->spare;
        *created = (open_question){0};
        sessions->spare_in_use = true;
    }
    if (!created)
        return NULL;
    created->sessions = sessions;
    created->number = ++sessions->last_number;
    created->asked = *asked;
    created->asked.correlation = NULL;
    return created;
}

static rj_question_id ask(void *data, rj_uid uid, rj_package_verb verb, const json_t *request,
                          const rj_question *asked)
{
    rj_sessions *sessions = data;
    open_question *created = new_question(sessions, asked);
    if (!created) { /* twice out of memory: now or never */
        rj_answer answer = {.status = RJ_E_NO_MEMORY,
                            .message = "session: out of memory while asking",
                            .plugin_id = ""};
        asked->answered(asked->data, &answer);
        return 0;
    }
    rj_session *session = newest_of(sessions, uid);
    if (!session) {
        uint64_t number = created->number;
        answer_later(created, RJ_E_NOT_STARTED, "session: the user has no session");
        return number;
    }
    if (created != &sessions->spare)
        created->line = format_perform(created->number, verb, request, asked, &created->length);
    if (!created->line) {
        answer_later(created, RJ_E_NO_MEMORY, "session: out of memory while asking");
        return 0;
    }
    created->session = session;
    *session->end = created;
    session->end = &created->next;
    uint64_t number = created->number;
    send_waiting(session);
    return number;
}

static open_question *find_question(rj_sessions *sessions, uint64_t number)
{
    for (rj_session *session = sessions->newest; session; session = session->next) {
        for (open_question *at = session->first; at; at = at->next) {
            if (at->number == number)
                return at;
        }
    }
    return NULL;
}

/* From now on there is no more than the grace time: a script may have hours until its deadline. */
static void limit_cancelling(open_question *question)
{
    rj_timer *timer = NULL;
    if (rj_timer_start(question->sessions->loop, GRACE_MS, 0, on_overdue, question, &timer, NULL) !=
        RJ_OK)
        return;
    rj_timer_stop(question->timer);
    question->timer = timer;
}

static void cancel(void *data, rj_question_id number)
{
    open_question *found = find_question(data, number);
    if (!found || found->cancel_sent)
        return;
    rj_session *session = found->session;
    if (found->state == WAITING) {
        unlink_question(found);
        answer_later(found, RJ_E_CANCELLED, "session: cancelled before it was begun");
        return;
    }
    found->cancel_sent = true;
    limit_cancelling(found);
    char line[128];
    int length = snprintf(line, sizeof line,
                          "{\"jsonrpc\":\"2.0\",\"method\":\"session.cancel\","
                          "\"params\":{\"question\":%llu}}\n",
                          (unsigned long long)number);
    session->link.send(session->link.data, line, (size_t)length);
}

static size_t list_users(void *data, rj_uid *ret_uids, size_t capacity)
{
    const rj_sessions *sessions = data;
    size_t count = 0;
    for (const rj_session *session = sessions->newest; session && count < capacity;
         session = session->next) {
        if (newest_of(sessions, session->uid) == session)
            ret_uids[count++] = session->uid;
    }
    return count;
}

rj_user_performer rj_sessions_performer(rj_sessions *sessions)
{
    return (rj_user_performer){
        .data = sessions, .package = ask, .cancel = cancel, .sessions = list_users};
}

/* ---- What a session says --------------------------------------------------------------------- */

static open_question *find_own(rj_session *session, const json_t *params, rj_error *err)
{
    const json_t *number = json_object_get(params, "question");
    for (open_question *at = json_is_integer(number) ? session->first : NULL; at; at = at->next) {
        if (at->state != WAITING && at->number == (uint64_t)json_integer_value(number))
            return at;
    }
    rj_fail(err, RJ_E_NOT_FOUND, "no question of that number is open in this session");
    return NULL;
}

rj_status rj_session_answer(rj_session *session, const json_t *params, rj_error *err)
{
    open_question *found = find_own(session, params, err);
    if (!found)
        return RJ_E_NOT_FOUND;
    const json_t *status = json_object_get(params, "status");
    const json_t *message = json_object_get(params, "message");
    json_t *result = json_object_get(params, "result");
    if (!json_is_string(status) || (message && !json_is_string(message)) ||
        (result && !json_is_object(result)))
        return rj_fail(err, RJ_E_INVALID,
                       "an answer has a text \"status\", and may have a text \"message\" and an "
                       "object \"result\"");
    char text[RJ_ERROR_TEXT];
    rj_text_to_line(text, sizeof text, message ? json_string_value(message) : "",
                    message ? json_string_length(message) : 0);
    rj_status outcome = rj_status_of_name(json_string_value(status));
    if (outcome != RJ_OK && !text[0])
        snprintf(text, sizeof text, "session: failed without saying why");
    rj_answer answer = {.status = outcome,
                        .message = outcome == RJ_OK ? "" : text,
                        .result = result,
                        .plugin_id = "session"};
    rj_question asked = found->asked;
    unlink_question(found);
    free_question(found);
    send_waiting(session);
    asked.answered(asked.data, &answer);
    return RJ_OK;
}

rj_status rj_session_progress(rj_session *session, const json_t *params, rj_error *err)
{
    open_question *found = find_own(session, params, err);
    if (!found)
        return RJ_E_NOT_FOUND;
    found->state = BEGUN;
    const json_t *permille = json_object_get(params, "permille");
    if (!json_is_integer(permille) || !found->asked.progressed)
        return RJ_OK;
    const json_t *text = json_object_get(params, "text");
    char line[256];
    rj_text_to_line(line, sizeof line, json_is_string(text) ? json_string_value(text) : "",
                    json_is_string(text) ? json_string_length(text) : 0);
    json_int_t value = json_integer_value(permille);
    found->asked.progressed(found->asked.data, value < 0 || value > 1000 ? -1 : (int)value,
                            line[0] ? line : NULL);
    return RJ_OK;
}

/* The asker cleans it and keeps the pace: a session may send what it likes. */
rj_status rj_session_output(rj_session *session, const json_t *params, rj_error *err)
{
    const open_question *found = find_own(session, params, err);
    if (!found)
        return RJ_E_NOT_FOUND;
    const json_t *text = json_object_get(params, "text"), *line = json_object_get(params, "line");
    json_int_t number = json_integer_value(line);
    if (found->state != BEGUN || !json_is_string(text) || number < 0 || number > LINES_MOST)
        return rj_fail(err, RJ_E_INVALID,
                       "output has a \"text\" and a \"line\", and comes after the first progress");
    if (found->asked.wrote)
        found->asked.wrote(found->asked.data, (uint64_t)number, json_string_value(text),
                           json_string_length(text));
    return RJ_OK;
}

/* ---- Coming and going ------------------------------------------------------------------------ */

rj_status rj_session_open(rj_sessions *sessions, rj_uid uid, const rj_session_link *link,
                          rj_session **ret_session, rj_error *err)
{
    unsigned same = 0;
    for (const rj_session *at = sessions->newest; at; at = at->next)
        same += at->uid == uid;
    if (same >= SESSIONS_PER_USER)
        return rj_fail(err, RJ_E_LIMIT, "this user has too many sessions; end some");
    rj_session *session = rj_calloc(1, sizeof *session);
    if (!session)
        return rj_fail_memory(err, "registering a session");
    session->sessions = sessions;
    session->uid = uid;
    session->link = *link;
    session->end = &session->first;
    session->next = sessions->newest;
    sessions->newest = session;
    *ret_session = session;
    if (same == 0)
        sessions->changed(sessions->data, uid, true);
    return RJ_OK;
}

/* The session may have been found lost while the agent was sending to it, so the news comes later. */
static void on_closed(void *data)
{
    rj_session *session = data;
    rj_sessions *sessions = session->sessions;
    rj_uid uid = session->uid;
    rj_free(session);
    if (!newest_of(sessions, uid))
        sessions->changed(sessions->data, uid, false);
}

void rj_session_close(rj_session *session, bool heard_all)
{
    rj_sessions *sessions = session->sessions;
    for (rj_session **at = &sessions->newest; *at; at = &(*at)->next) {
        if (*at == session) {
            *at = session->next;
            break;
        }
    }
    open_question *next;
    for (open_question *at = session->first; at; at = next) {
        next = at->next;
        if (at->state == BEGUN || (at->state == SENT && !heard_all))
            answer_later(at, RJ_E_ABANDONED, "session: lost while it worked; outcome unknown");
        else
            answer_later(at, RJ_E_NOT_STARTED, "session: lost before it began");
    }
    session->first = NULL;
    session->end = &session->first;
    session->in_flight = WINDOW; /* nothing more is sent */
    rj_loop_post(sessions->loop, &session->closed, on_closed, session);
}

rj_status rj_sessions_new(rj_loop *loop, void (*changed)(void *data, rj_uid uid, bool present),
                          void *data, rj_sessions **ret_sessions, rj_error *err)
{
    rj_sessions *sessions = rj_calloc(1, sizeof *sessions);
    if (!sessions)
        return rj_fail_memory(err, "keeping sessions");
    sessions->loop = loop;
    sessions->changed = changed;
    sessions->data = data;
    *ret_sessions = sessions;
    return RJ_OK;
}

void rj_sessions_free(rj_sessions *sessions)
{
    rj_free(sessions);
}
