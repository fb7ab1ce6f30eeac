/* SPDX-License-Identifier: MIT */
/*
 * See jobs.h.
 *
 *     begin --> waiting --> working --> done | failed | cancelled --> closed by the person
 *
 * A job whose window was closed goes on and is told by a notice.
 */
#include "session/ui/jobs.h"

#include "base/alloc.h"
#include "base/text.h"
#include "session/log_place.h"
#include "session/ui/cause.h"
#include "session/ui/details.h"
#include "session/ui/job.h"
#include "session/ui/one_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define JOBS_MAX 8u
#define NOTICES_MAX 8u
#define NAME_COLUMNS 60u

struct rj_ui_jobs {
    const rj_texts *texts;
    job *first; /* newest first */
    json_t *notices;
    unsigned number;
};

/* ---- Texts ----------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static char *say(const rj_ui_jobs *jobs, const char *id, const char *name)
{
    const rj_text_value values[] = {{"name", name ? name : "", 0}, {NULL, NULL, 0}};
    return rj_texts_make(jobs->texts, id, values);
}

/* "job.done.upgrade"; an install is what the text without a verb is about. */
static char *say_by_verb(const rj_ui_jobs *jobs, const char *base, const job *one)
{
    char id[48];
    bool is_install = strcmp(one->verb, "install") == 0;
    snprintf(id, sizeof id, "%s%s%s", base, is_install ? "" : ".", is_install ? "" : one->verb);
    return say(jobs, id, one->name);
}

static void put(char **text, char *made)
{
    rj_free(*text);
    *text = made;
}

static void add_detail(job *one, const char *line)
{
    rj_ui_details_add(&one->details, line);
}

/* `title` is taken. */
static void tell(rj_ui_jobs *jobs, const job *one, const char *kind, char *title, const char *text)
{
    char id[48];
    snprintf(id, sizeof id, "n-%s", one->window);
    json_t *notice = title && *text ? json_pack("{s:s, s:s, s:s, s:s}", "id", id, "kind", kind,
                                                "title", title, "text", text)
                                    : NULL;
    if (notice)
        json_array_append_new(jobs->notices, notice);
    while (json_array_size(jobs->notices) > NOTICES_MAX)
        json_array_remove(jobs->notices, 0);
    rj_free(title);
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static void free_job(job *one)
{
    rj_free(one->name);
    rj_free(one->text);
    rj_free(one->status);
    rj_free(one->next_step);
    rj_text_free(&one->details);
    rj_free(one);
}

/* The oldest that is over makes room. */
static void drop_oldest(rj_ui_jobs *jobs)
{
    job **oldest = NULL;
    unsigned count = 0;
    for (job **at = &jobs->first; *at; at = &(*at)->next) {
        count++;
        if ((*at)->state >= DONE)
            oldest = at;
    }
    if (count < JOBS_MAX || !oldest)
        return;
    job *gone = *oldest;
    *oldest = gone->next;
    free_job(gone);
}

bool rj_ui_jobs_are_many(const rj_ui_jobs *jobs)
{
    unsigned count = 0;
    for (const job *at = jobs->first; at; at = at->next)
        count += at->state < DONE;
    return count >= JOBS_MAX;
}

static job *new_job(rj_ui_jobs *jobs, const char *verb, const char *name)
{
    job *one = rj_calloc(1, sizeof *one);
    if (!one)
        return NULL;
    drop_oldest(jobs);
    snprintf(one->window, sizeof one->window, "w%u", ++jobs->number);
    snprintf(one->verb, sizeof one->verb, "%s", verb);
    one->name = rj_ui_one_line(name ? name : "", NAME_COLUMNS);
    one->step = "";
    one->permille = -1;
    one->next_line = 1;
    one->next = jobs->first;
    jobs->first = one;
    return one;
}

static bool is_sync(const job *one)
{
    return strcmp(one->verb, "sync") == 0;
}

static job *by_window(const rj_ui_jobs *jobs, const char *window)
{
    job *at = jobs->first;
    while (at && strcmp(at->window, window) != 0)
        at = at->next;
    return at;
}

static job *by_correlation(const rj_ui_jobs *jobs, const char *correlation)
{
    job *at = jobs->first;
    while (at && (!*correlation || strcmp(at->correlation, correlation) != 0))
        at = at->next;
    return at;
}

rj_ui_jobs *rj_ui_jobs_new(const rj_texts *texts)
{
    rj_ui_jobs *jobs = rj_calloc(1, sizeof *jobs);
    if (!jobs)
        return NULL;
    jobs->texts = texts;
    jobs->notices = json_array();
    return jobs;
}

void rj_ui_jobs_free(rj_ui_jobs *jobs)
{
    if (!jobs)
        return;
    while (jobs->first) {
        job *one = jobs->first;
        jobs->first = one->next;
        free_job(one);
    }
    json_decref(jobs->notices);
    rj_free(jobs);
}

void rj_ui_jobs_begin(rj_ui_jobs *jobs, const char *correlation, const char *verb, const char *id,
                      const char *name)
{
    char text_id[32];
    job *one = by_correlation(jobs, correlation);
    if (one && one->state < DONE) { /* the service made one of two equal requests */
        one->closed = false;
        return;
    }
    one = new_job(jobs, verb, name);
    if (!one)
        return;
    snprintf(one->correlation, sizeof one->correlation, "%s", correlation);
    snprintf(one->id, sizeof one->id, "%s", id ? id : "");
    snprintf(text_id, sizeof text_id, "job.%s", one->verb);
    put(&one->text, say(jobs, text_id, one->name));
    put(&one->status, say(jobs, "job.waiting", NULL));
}

bool rj_ui_jobs_wait(rj_ui_jobs *jobs, const char *verb, const char *id, const char *name)
{
    const job *former = jobs->first;
    rj_ui_jobs_begin(jobs, "", verb, id, name);
    job *one = jobs->first != former ? jobs->first : NULL;
    if (!one)
        return false;
    one->for_service = true;
    put(&one->status, say(jobs, "job.starting", NULL));
    add_detail(one, one->status);
    return true;
}

static void drop(rj_ui_jobs *jobs, job *one)
{
    job **at = &jobs->first;
    while (*at != one)
        at = &(*at)->next;
    *at = one->next;
    free_job(one);
}

static job *take_waiting(const rj_ui_jobs *jobs)
{
    job *oldest = NULL;
    for (job *at = jobs->first; at; at = at->next)
        if (at->for_service)
            oldest = at;
    if (oldest)
        oldest->for_service = false;
    return oldest;
}

void rj_ui_jobs_started(rj_ui_jobs *jobs, const char *correlation)
{
    job *one = take_waiting(jobs);
    if (!one)
        return;
    job *equal = by_correlation(jobs, correlation);
    if (equal && equal->state < DONE) { /* one for the service, and this knows how far it is */
        equal->closed &= one->closed;
        drop(jobs, one);
        return;
    }
    snprintf(one->correlation, sizeof one->correlation, "%s", correlation);
    put(&one->status, say(jobs, "job.waiting", NULL));
}

/* `text`, `status` and `next_step` are taken. */
static void fail(job *one, char *text, char *status, char *next_step)
{
    one->state = FAILED;
    put(&one->text, text);
    put(&one->status, status);
    put(&one->next_step, next_step);
}

/* `status` is taken; `detail` is the service's own sentence. */
static void fail_by_verb(rj_ui_jobs *jobs, job *one, char *status, const char *detail,
                         const char *next_id)
{
    fail(one, say_by_verb(jobs, "job.failed", one), status, say(jobs, next_id, NULL));
    add_detail(one, detail);
    tell(jobs, one, "error", say_by_verb(jobs, "notice.failed", one), one->text ? one->text : "");
}

static void refuse(rj_ui_jobs *jobs, job *one, const rj_ui_refusal *why)
{
    bool link = why->link && !is_sync(one);
    fail(one, link ? say(jobs, "job.failed.link", NULL) : say_by_verb(jobs, "job.failed", one),
         rj_ui_refusal_reason(jobs->texts, why, one->name ? one->name : ""),
         rj_ui_refusal_next(jobs->texts, why));
    add_detail(one, why->message);
    tell(jobs, one, "error",
         link ? say(jobs, "notice.failed.link", NULL) : say_by_verb(jobs, "notice.failed", one),
         one->text ? one->text : "");
}

void rj_ui_jobs_not_started(rj_ui_jobs *jobs, const rj_ui_refusal *why)
{
    job *one = take_waiting(jobs);
    if (one)
        refuse(jobs, one, why);
}

static void say_count(const rj_ui_jobs *jobs, job *one)
{
    const rj_text_value values[] = {{"count", NULL, one->refused_links}, {NULL, NULL, 0}};
    put(&one->text, one->refused_links > 1 ? rj_texts_make(jobs->texts, "job.failed.links", values)
                                           : say(jobs, "job.failed.link", NULL));
}

/* A page may send any number of links: that is one window, and told once. */
static bool gather(const rj_ui_jobs *jobs, const rj_ui_refusal *why, const char *name)
{
    job *one = jobs->first;
    while (one && (!one->refused_links || one->closed))
        one = one->next;
    if (!one)
        return false;
    one->refused_links++;
    say_count(jobs, one);
    put(&one->status, rj_ui_refusal_reason(jobs->texts, why, name ? name : ""));
    put(&one->next_step, rj_ui_refusal_next(jobs->texts, why));
    add_detail(one, why->message);
    return true;
}

void rj_ui_jobs_refuse(rj_ui_jobs *jobs, const rj_ui_refusal *why, const char *verb,
                       const char *name)
{
    bool link = why->link && strcmp(verb, "sync") != 0;
    if (link && gather(jobs, why, name))
        return;
    job *one = new_job(jobs, verb, name);
    if (!one)
        return;
    refuse(jobs, one, why);
    one->refused_links = link;
}

/* ---- Events ---------------------------------------------------------------------------------- */

static void on_plan(job *one, const json_t *document)
{
    const json_t *actions = json_object_get(document, "actions");
    for (size_t i = 0; json_array_size(actions) > 1 && i < json_array_size(actions); i++) {
        char line[300];
        snprintf(line, sizeof line, "%zu. %.200s %.60s", i + 1,
                 text_of(json_array_get(actions, i), "name"),
                 text_of(json_array_get(actions, i), "version"));
        add_detail(one, line);
    }
}

static void tell_end(rj_ui_jobs *jobs, job *one, bool nothing)
{
    rj_text text = RJ_TEXT_EMPTY;
    if (one->restart)
        put(&one->next_step, say(jobs, "job.restart", NULL));
    rj_text_addf(&text, "%s%s%s", one->status ? one->status : "", one->next_step ? " " : "",
                 one->next_step ? one->next_step : "");
    char *whole = rj_text_take(&text);
    tell(jobs, one, one->restart ? "warning" : "info",
         nothing ? say(jobs, "notice.nothing", NULL) : say_by_verb(jobs, "notice.done", one),
         whole ? whole : "");
    rj_free(whole);
}

static void on_end(rj_ui_jobs *jobs, job *one, const json_t *document)
{
    const char *outcome = text_of(document, "outcome"), *name = one->name ? one->name : "";
    if (one->state >= DONE)
        return;
    one->permille = -1;
    if (strcmp(outcome, "failed") != 0 && !is_sync(one)) /* nothing is going on any more */
        put(&one->text, rj_strdup(name));
    if (strcmp(outcome, "failed") == 0) {
        char *cause = one->told_why && one->status
                          ? rj_strdup(one->status)
                          : rj_ui_cause_of_run(jobs->texts, document, name);
        fail_by_verb(jobs, one, cause, one->told_why ? "" : text_of(document, "message"),
                     "job.next");
        return;
    }
    if (strcmp(outcome, "cancelled") == 0) {
        one->state = CANCELLED;
        put(&one->status, say(jobs, "job.cancelled", NULL));
        return;
    }
    one->state = DONE;
    bool nothing = strcmp(outcome, "nothing") == 0 && !is_sync(one);
    put(&one->status, nothing ? rj_ui_cause_of_run(jobs->texts, document, name)
                              : say_by_verb(jobs, "job.done", one));
    if (nothing)
        add_detail(one, text_of(document, "message"));
    tell_end(jobs, one, nothing);
}

static bool on_run(rj_ui_jobs *jobs, job *one, const json_t *document)
{
    const char *step = text_of(document, "state");
    if (strcmp(step, "started") == 0) {
        one->state = WORKING;
        put(&one->status, say(jobs, "job.planning", NULL));
    } else if (strcmp(step, "planned") == 0) {
        on_plan(one, document);
    } else if (strcmp(step, "ended") == 0) {
        on_end(jobs, one, document);
    }
    return true;
}

static void on_action_failed(const rj_ui_jobs *jobs, job *one, const json_t *document)
{
    char *place = rj_log_place(text_of(document, "log"));
    put(&one->status, rj_ui_cause_of_action(jobs->texts, document, one->step));
    add_detail(one, place);
    add_detail(one, text_of(document, "message"));
    rj_free(place);
    one->told_why = true;
}

static bool on_action(rj_ui_jobs *jobs, job *one, const json_t *document)
{
    static const struct {
        const char *state, *text;
    } steps[] = {{"fetching", "job.fetching"},
                 {"installing", "job.installing"},
                 {"removing", "job.installing"},
                 {"verifying", "job.verifying"}};
    const char *step = text_of(document, "state"), *id = text_of(document, "id");
    bool own = rj_ascii_casecmp(id, one->id) == 0 || is_sync(one);
    one->restart |= json_is_true(json_object_get(document, "restart"));
    if (strcmp(step, "failed") == 0 || strcmp(step, "held") == 0) {
        on_action_failed(jobs, one, document);
        return true;
    }
    if (strcmp(step, "started") == 0) {
        char text_id[32];
        snprintf(text_id, sizeof text_id, "job.%s", own ? one->verb : "dependency");
        char *name = rj_ui_one_line(text_of(document, "name"), NAME_COLUMNS);
        put(&one->text, say(jobs, text_id, name));
        add_detail(one, one->text);
        if (own && !is_sync(one) && name) /* who asked may have known its id alone */
            put(&one->name, name);
        else
            rj_free(name);
        one->state = WORKING;
        one->step = "";
        one->permille = -1;
        one->next_line = 1;
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (strcmp(step, steps[i].state) != 0)
            continue;
        put(&one->status, say(jobs, steps[i].text, NULL));
        add_detail(one, one->status);
        one->step = steps[i].text;
        one->permille = -1;
        one->begun |= i > 0;
    }
    return true;
}

/* What formats say without a size, in the person's language; all else as it is. */
static char *step_of(const rj_ui_jobs *jobs, const char *text)
{
    static const char *const known[] = {"copying", "unpacking"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char id[32];
        snprintf(id, sizeof id, "step.%s", known[i]);
        if (strcmp(text, known[i]) == 0)
            return say(jobs, id, NULL);
    }
    return rj_ui_one_line(text, 1000);
}

static bool on_progress(const rj_ui_jobs *jobs, job *one, const json_t *document)
{
    const json_t *permille = json_object_get(document, "permille");
    const char *text = text_of(document, "text");
    one->permille = json_is_integer(permille) ? (int)json_integer_value(permille) : -1;
    if (one->permille > 1000)
        one->permille = 1000;
    if (!*text)
        return true;
    char *step = step_of(jobs, text);
    if (step && (!one->status || strcmp(one->status, step) != 0)) {
        add_detail(one, step);
        put(&one->status, step);
    } else {
        rj_free(step);
    }
    return true;
}

static bool on_output(const rj_ui_jobs *jobs, job *one, const json_t *document)
{
    json_int_t line = json_integer_value(json_object_get(document, "line"));
    rj_ui_details_add_output(&one->details, jobs->texts, line > 0 ? (uint64_t)line : 1,
                             text_of(document, "text"), &one->next_line);
    return true;
}

bool rj_ui_jobs_event(rj_ui_jobs *jobs, const char *topic, const json_t *document)
{
    job *one = by_correlation(jobs, text_of(document, "correlation"));
    if (!one || one->state >= DONE)
        return false;
    if (strcmp(topic, "run") == 0)
        return on_run(jobs, one, document);
    if (strcmp(topic, "action") == 0)
        return on_action(jobs, one, document);
    if (strcmp(topic, "output") == 0)
        return on_output(jobs, one, document);
    return strcmp(topic, "progress") == 0 && on_progress(jobs, one, document);
}

bool rj_ui_jobs_lost(rj_ui_jobs *jobs)
{
    bool changed = false;
    for (job *at = jobs->first; at; at = at->next) {
        if (at->state >= DONE || at->for_service)
            continue;
        fail_by_verb(jobs, at, say(jobs, "menu.unreachable", NULL), "", "job.next.service");
        changed = true;
    }
    return changed;
}

/* Of "WINDOW:COUNT", as rj_ui_job_window() writes it; 0: of another window, else the count or -1. */
static int64_t closes(const char *window, const char *what)
{
    size_t length = strlen(window);
    int64_t seen = -1;
    if (strncmp(window, what, length) != 0 || (what[length] && what[length] != ':'))
        return 0;
    if (what[length])
        sscanf(what + length, ":%" SCNd64, &seen);
    return seen;
}

/* What the person has not seen yet is a window of its own: views keep closed what was closed. */
static void keep_unseen(rj_ui_jobs *jobs, job *one, int64_t seen)
{
    one->refused_links -= seen;
    snprintf(one->window, sizeof one->window, "w%u", ++jobs->number);
    say_count(jobs, one);
}

void rj_ui_jobs_close(rj_ui_jobs *jobs, const char *what)
{
    for (job **at = &jobs->first; *at; at = &(*at)->next) {
        job *one = *at;
        int64_t seen = closes(one->window, what);
        if (!seen)
            continue;
        if (seen > 0 && seen < one->refused_links) {
            keep_unseen(jobs, one, seen);
            return;
        }
        one->closed = true;
        if (one->state < DONE)
            return;
        *at = one->next;
        free_job(one);
        return;
    }
}

const char *rj_ui_jobs_cancellable(const rj_ui_jobs *jobs, const char *window)
{
    const job *one = by_window(jobs, window);
    return one && rj_ui_job_may_cancel(one) ? one->correlation : NULL;
}

/* ---- The model's part ------------------------------------------------------------------------ */

json_t *rj_ui_jobs_windows(const rj_ui_jobs *jobs, const json_t *device)
{
    json_t *windows = json_array();
    for (const job *at = jobs->first; windows && at; at = at->next) {
        if (at->closed || is_sync(at))
            continue;
        if (json_array_append_new(windows, rj_ui_job_window(jobs->texts, at, device)) != 0) {
            json_decref(windows);
            return NULL;
        }
    }
    return windows;
}

json_t *rj_ui_jobs_notices(const rj_ui_jobs *jobs)
{
    return json_deep_copy(jobs->notices);
}
