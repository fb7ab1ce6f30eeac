/* SPDX-License-Identifier: MIT */
#include "engine/recovery.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/end_code.h"
#include "platform/event_log.h"
#include "platform/system.h"

#include <string.h>

#define LOGGER "engine.recovery"
#define RECOVER_LIMIT_MS ((int64_t)15 * 60 * 1000)
#define DETECT_LIMIT_MS ((int64_t)60 * 1000)
#define REQUEST_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct rj_recovery {
    rj_recovery_options options;
    rj_journal_entry *entries;
    size_t count, next;
    bool busy, cancelled;
    /* The entry that is on. */
    json_t *request;
    rj_question_id question;
    bool rolled_back, certain_done;
    rj_error trouble; /* what the provider could not put right */
};

rj_status rj_recovery_new(const rj_recovery_options *options, rj_recovery **ret_recovery,
                          rj_error *err)
{
    rj_recovery *recovery = rj_calloc(1, sizeof *recovery);
    if (!recovery)
        return rj_fail_memory(err, "recovering");
    recovery->options = *options;
    rj_status status =
        rj_store_journal_open_entries(options->store, &recovery->entries, &recovery->count, err);
    if (status != RJ_OK) {
        rj_free(recovery);
        return status;
    }
    *ret_recovery = recovery;
    return RJ_OK;
}

void rj_recovery_free(rj_recovery *recovery)
{
    if (!recovery)
        return;
    json_decref(recovery->request);
    rj_free(recovery->entries);
    rj_free(recovery);
}

/* ---- Ends of an entry ------------------------------------------------------------------------ */

static const rj_journal_entry *current(const rj_recovery *recovery)
{
    return &recovery->entries[recovery->next];
}

static void entry_over(rj_recovery *recovery)
{
    json_decref(recovery->request);
    recovery->request = NULL;
    recovery->trouble.text[0] = '\0';
    recovery->rolled_back = recovery->certain_done = false;
    recovery->next++;
    recovery->busy = false;
}

static void tell(const rj_recovery *recovery, int level, const char *outcome, const char *why)
{
    const rj_journal_entry *entry = current(recovery);
    rj_log(level, LOGGER, entry->correlation, "%s %s, interrupted while %s: %s%s%s",
           rj_verdict_name(entry->verdict), entry->id, rj_step_name(entry->step), outcome,
           why[0] ? ": " : "", why);
}

static void stay_open(rj_recovery *recovery, const char *why)
{
    tell(recovery, RJ_LOG_WARNING, "stays open", why);
    entry_over(recovery);
}

static void drop(rj_recovery *recovery)
{
    rj_error error = RJ_ERROR_NONE;
    if (rj_store_journal_drop(recovery->options.store, current(recovery)->number,
                              "interrupted before anything was changed", &error) != RJ_OK) {
        stay_open(recovery, error.text);
        return;
    }
    rj_mirror_dropped(recovery->options.mirror, recovery->options.store, current(recovery));
    tell(recovery, RJ_LOG_INFO, "closed, nothing had been changed", "");
    entry_over(recovery);
}

static void end(rj_recovery *recovery, bool done, const char *version, const char *message)
{
    const rj_journal_entry *entry = current(recovery);
    rj_store_record record = {
        .core = {.id = entry->id,
                 .uid = entry->uid,
                 .version = version[0] ? version : entry->assignment_version,
                 .args_hash = entry->args_hash,
                 .success = done,
                 .exit_code = done ? 0 : rj_end_code(RJ_E_ABANDONED)},
        .format = entry->format,
        .display_name = entry->display_name,
        .message = message,
        .correlation = entry->correlation,
        .started_wall_ms = entry->started_wall_ms,
        .ended_wall_ms = rj_clock_wall_ms(),
    };
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_store_journal_end(recovery->options.store, entry,
                                            done ? RJ_STEP_DONE : RJ_STEP_FAILED, &record, &error);
    if (status != RJ_OK) {
        stay_open(recovery, error.text);
        return;
    }
    rj_mirror_ended(recovery->options.mirror, entry, &record);
    tell(recovery, done ? RJ_LOG_INFO : RJ_LOG_WARNING, done ? "done" : "failed", message);
    if (!done)
        rj_event_log_report(RJ_EVENT_PACKAGE_FAILED, entry->id, message);
    entry_over(recovery);
}

static void fail(rj_recovery *recovery, const rj_error *why)
{
    rj_error message = *why;
    rj_fail_prefix(&message, RJ_E_FAILED, "interrupted");
    end(recovery, false, "", message.text);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void ask(rj_recovery *recovery, rj_package_verb verb, int64_t limit_ms,
                void (*answered)(void *data, const rj_answer *answer))
{
    const rj_performer *performer = recovery->options.performer;
    const rj_journal_entry *entry = current(recovery);
    rj_question question = {
        .correlation = entry->correlation,
        .deadline_ms = limit_ms,
        .answered = answered,
        .data = recovery,
    };
    recovery->question =
        performer->package(performer->data, entry->uid, verb, recovery->request, &question);
}

/* The provider was not reached or did not come to an end: nothing is known, ask again later. */
static bool may_be_asked_later(rj_status status)
{
    return status == RJ_E_NOT_STARTED || status == RJ_E_CANCELLED || status == RJ_E_ABANDONED ||
           status == RJ_E_BUSY || status == RJ_E_TIMEOUT || status == RJ_E_NO_MEMORY ||
           status == RJ_E_NOT_FOUND || status == RJ_E_DENIED;
}

/*
 * Is what is there now the outcome of this very action?  A step that had answered, or that the
 * provider finished, is proven by what is there.  Otherwise only a package that was not there
 * before, or a wanted version that was not, tells; the same version may be from before.
 */
static bool proves(const rj_recovery *recovery, const rj_found *found, rj_error *ret_why)
{
    const rj_journal_entry *entry = current(recovery);
    if (recovery->rolled_back) {
        rj_fail(ret_why, RJ_E_FAILED, "put back to what was there before");
        return false;
    }
    if (!rj_found_proves(found, entry->verdict, entry->assignment_version, ret_why))
        return false;
    if (recovery->certain_done || entry->verdict == RJ_VERDICT_INSTALL ||
        entry->verdict == RJ_VERDICT_UNINSTALL)
        return true;
    const char *before = json_string_value(json_object_get(recovery->request, "installed_version"));
    if (found->version[0] && before && rj_version_compare(found->version, before) != 0)
        return true;
    rj_fail(ret_why, RJ_E_FAILED, "whether it took place cannot be told from what is there");
    return false;
}

static void on_detected(void *data, const rj_answer *answer)
{
    rj_recovery *recovery = data;
    const rj_journal_entry *entry = current(recovery);
    rj_found found = rj_found_read(answer);
    rj_error why = RJ_ERROR_NONE;
    if (found.state != RJ_DETECTED_UNKNOWN)
        recovery->options.found(recovery->options.data, entry->id, entry->uid, &found);
    if (may_be_asked_later(answer->status)) {
        stay_open(recovery, answer->message);
    } else if (proves(recovery, &found, &why)) {
        end(recovery, true, found.version, "");
    } else {
        if (recovery->trouble.text[0])
            rj_fail_prefix(&why, RJ_E_FAILED, "%s", recovery->trouble.text);
        fail(recovery, &why);
    }
    rj_recovery_run(recovery);
}

static void on_recovered(void *data, const rj_answer *answer)
{
    rj_recovery *recovery = data;
    if (may_be_asked_later(answer->status) || recovery->cancelled) {
        stay_open(recovery, answer->message);
        rj_recovery_run(recovery);
        return;
    }
    const char *outcome = json_string_value(json_object_get(answer->result, "outcome"));
    if (answer->status != RJ_OK)
        rj_fail(&recovery->trouble, RJ_E_FAILED, "%s", answer->message);
    recovery->rolled_back = outcome && strcmp(outcome, "rolled-back") == 0;
    recovery->certain_done = current(recovery)->step == RJ_STEP_VERIFYING ||
                             (outcome && strcmp(outcome, "finished") == 0);
    ask(recovery, RJ_PACKAGE_DETECT, DETECT_LIMIT_MS, on_detected);
}

/* ---- One after the other --------------------------------------------------------------------- */

static void begin_entry(rj_recovery *recovery)
{
    static const rj_json_limits limits = {.max_bytes = REQUEST_BYTES_MAX, .max_depth = 32};
    const rj_journal_entry *entry = current(recovery);
    const rj_performer *performer = recovery->options.performer;
    if (entry->step == RJ_STEP_PLANNED || entry->step == RJ_STEP_FETCHING) {
        drop(recovery);
        return;
    }
    if (!performer->present(performer->data, entry->uid)) {
        stay_open(recovery, "its user is not signed in");
        return;
    }
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_json_parse("journal", entry->request, strlen(entry->request), &limits,
                                     &recovery->request, &error);
    if (status == RJ_E_NO_MEMORY) {
        stay_open(recovery, error.text);
        return;
    }
    if (status != RJ_OK) {
        fail(recovery, &error);
        return;
    }
    ask(recovery, RJ_PACKAGE_RECOVER, RECOVER_LIMIT_MS, on_recovered);
}

void rj_recovery_run(rj_recovery *recovery)
{
    recovery->busy = false;
    while (recovery->next < recovery->count && !recovery->cancelled) {
        size_t before = recovery->next;
        begin_entry(recovery);
        if (recovery->next == before) {
            recovery->busy = true;
            return;
        }
    }
    recovery->options.ended(recovery->options.data);
}

void rj_recovery_cancel(rj_recovery *recovery)
{
    const rj_performer *performer = recovery->options.performer;
    recovery->cancelled = true;
    if (recovery->busy)
        performer->cancel(performer->data, current(recovery)->uid, recovery->question);
}
