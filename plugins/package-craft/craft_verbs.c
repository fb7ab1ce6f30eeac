/* SPDX-License-Identifier: MIT */
/*
 * What detect, fetch, install, uninstall and recover mean for a craft.
 *
 * Happy path of an install: verify the cached archive -> unpack -> "started" -> rj_install.sh ->
 * record -> in place.  A script that fails, hangs or is stopped leaves the former record; what it
 * did to the system before is its own affair, and the messages say so.
 */
#include "craft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "craft_system.h"

#define DETECT_LIMIT_MS ((int64_t)60 * 1000)
#define MESSAGE_TAIL ((size_t)600)

/* ---- Scripts --------------------------------------------------------------------------------- */

/* Name the script that is to run between before() and after(). */
static rj_status choose_script(craft_task *task, const char *area, const craft_script *script,
                               int64_t limit_ms)
{
    const craft_store *store = &task->plugin->store;
    const char *const *name = script->names;
    char *program = NULL;
    rj_status status;

    task->script_limit_ms = limit_ms;
    task->directory = craft_store_path(store, area, task->request.id, "package");
    for (; task->directory; name++) {
        if (asprintf(&program, "%s/%s", task->directory, *name) < 0) {
            program = NULL;
            break;
        }
        if (craft_exists(program) || !name[1])
            break;
        free(program);
    }
    if (!program)
        return rj_fail_memory(&task->failure);
    task->script = *name;
    status = craft_check_command(program, task->request.arguments, task->request.environment,
                                 &task->failure);
    if (status != RJ_OK) {
        char prefix[300];

        free(program);
        snprintf(prefix, sizeof prefix, "craft %.255s", task->request.id);
        return rj_fail_prefix(&task->failure, prefix);
    }
    task->program = program;
    return RJ_OK;
}

static int script_wants_restart(const craft_task *task)
{
    return task->ended.kind == RJ_EXIT_CODE && craft_exit_wants_restart(task->ended.value);
}

static int script_succeeded(const craft_task *task)
{
    return task->ended.kind == RJ_EXIT_CODE &&
           (task->ended.value == 0 || script_wants_restart(task));
}

/* The end of the output, at a character's start, without surrounding white space. */
static const char *last_output(const craft_task *task, char *text, size_t size)
{
    const char *tail = task->ended.tail;
    size_t length = strlen(tail);

    while (length > 0 && (unsigned char)tail[length - 1] <= ' ')
        length--;
    if (length >= size) {
        tail += length - (size - 1);
        length = size - 1;
    }
    while (length > 0 && (((unsigned char)*tail & 0xC0) == 0x80 || (unsigned char)*tail <= ' ')) {
        tail++;
        length--;
    }
    memcpy(text, tail, length);
    text[length] = '\0';
    return text;
}

/* Why the script did not do its work. */
static rj_status explain_script(craft_task *task)
{
    const craft_ended *ended = &task->ended;
    const char *id = task->request.id, *script = task->script;
    char output[MESSAGE_TAIL], after[MESSAGE_TAIL + 32], limit[32] = "";

    last_output(task, output, sizeof output);
    snprintf(after, sizeof after, "%s%s", output[0] ? "; last output: " : "; it printed nothing",
             output);
    switch (ended->kind) {
    case RJ_EXIT_CODE:
        return rj_fail(&task->failure, RJ_E_FAILED, "craft %s: %s ended with exit code %d%s", id,
                       script, (int)ended->value, after);
    case RJ_EXIT_SIGNAL:
        return rj_fail(&task->failure, RJ_E_FAILED, "craft %s: %s was killed by signal %d (%s)%s",
                       id, script, (int)ended->value, craft_signal_name(ended->value), after);
    case RJ_EXIT_TIMEOUT:
        if (task->script_limit_ms > 0)
            snprintf(limit, sizeof limit, " of %" PRId64 " s",
                     (task->script_limit_ms + 999) / 1000);
        return rj_fail(&task->failure, RJ_E_TIMEOUT,
                       "craft %s: %s did not end within its time limit%s and was killed with all "
                       "its processes; what it did until then remains%s",
                       id, script, limit, after);
    case RJ_EXIT_CANCELLED:
        if (task->start_tried == 0)
            return rj_fail(&task->failure, RJ_E_CANCELLED,
                           "craft %s: cancelled before %s was started", id, script);
        return rj_fail(&task->failure, RJ_E_CANCELLED,
                       "craft %s: %s was stopped on request; what it did until then remains", id,
                       script);
    default:
        return rj_fail(&task->failure, RJ_E_FAILED,
                       "craft %s: %s could not be started: %s; look at the interpreter in its "
                       "first line, and whether the file system may hold programs",
                       id, script, output);
    }
}

static rj_status set_result(craft_task *task, json_t *result)
{
    if (!result)
        return rj_fail_memory(&task->failure);
    json_decref(task->result);
    task->result = result;
    return RJ_OK;
}

/* What install and uninstall have to say about their script, however it ended. */
static rj_status set_script_result(craft_task *task)
{
    rj_status status =
        set_result(task, json_pack("{s:b, s:s}", "restart", script_wants_restart(task), "output",
                                   task->ended.tail));

    if (status == RJ_OK && task->ended.kind == RJ_EXIT_CODE &&
        json_object_set_new(task->result, "exit_code", json_integer(task->ended.value)) != 0)
        status = rj_fail_memory(&task->failure);
    if (status == RJ_OK && task->ended.kind == RJ_EXIT_CANCELLED && task->start_tried > 0 &&
        json_object_set_new(task->result, "certain", json_false()) != 0)
        status = rj_fail_memory(&task->failure);
    return status;
}

static rj_status add_outcome(craft_task *task, const char *version)
{
    int failed =
        json_object_set_new(task->result, "files", json_integer((json_int_t)task->record.files));

    if (version && !failed)
        failed = json_object_set_new(task->result, "version", json_string(version));
    return failed ? rj_fail_memory(&task->failure) : RJ_OK;
}

/* ---- detect ---------------------------------------------------------------------------------- */

static rj_status set_detected(craft_task *task, int installed, const char *detail)
{
    return set_result(task, installed ? json_pack("{s:b, s:s, s:s}", "installed", 1, "version",
                                                  task->record.version, "detail", detail)
                                      : json_pack("{s:b, s:s}", "installed", 0, "detail", detail));
}

static rj_status detect_before(craft_task *task)
{
    rj_status status = craft_store_read(&task->plugin->store, CRAFT_CRAFTS, task->request.id,
                                        &task->record, &task->failure);

    if (status == RJ_E_NOT_FOUND)
        return set_detected(task, 0, "no install of this craft is recorded");
    if (status != RJ_OK)
        return status;
    if (task->record.has_detect)
        return choose_script(task, CRAFT_CRAFTS, &craft_detect_script, DETECT_LIMIT_MS);
    return set_detected(task, 1, "recorded at its last install; the craft has no detect script");
}

static rj_status detect_after(craft_task *task)
{
    if (task->ended.kind == RJ_EXIT_CODE && task->ended.value == 0)
        return set_detected(task, 1, "its detect script says that it is there");
    if (task->ended.kind == RJ_EXIT_CODE && task->ended.value == 1)
        return set_detected(task, 0, "recorded, but its detect script says that it is gone");
    explain_script(task);
    return rj_fail_prefix(&task->failure, "not known whether it is installed (0 = yes, 1 = no)");
}

const craft_verb craft_verb_detect = {"detect", 0, detect_before, detect_after};

/* ---- fetch ----------------------------------------------------------------------------------- */

static int is_cancelled(void *data)
{
    const craft_task *task = data;

    return task->plugin->ops->cancelled(task->plugin->host, task->op);
}

static void say_progress(void *data, uint64_t done, uint64_t of)
{
    const craft_task *task = data;
    int32_t permille = of > 0 ? (int32_t)((double)done * 1000 / (double)of) : 1000;

    task->plugin->ops->progress(task->plugin->host, task->op, permille,
                                task->verb == &craft_verb_fetch ? "copying" : "unpacking");
}

/* A damaged archive is found here, before anything is unpacked. */
static rj_status judge_archive(const char *path, craft_facts *ret_facts, rj_failure *failure)
{
    rj_archive *archive = NULL;
    rj_status status = rj_archive_open(path, NULL, &archive, failure);

    if (status == RJ_OK)
        status = craft_examine(archive, ret_facts, failure);
    if (status == RJ_OK)
        status = rj_archive_verify(archive, failure);
    rj_archive_close(archive);
    return status;
}

/* From the cache if the wanted hash is there, else from its location. */
static rj_status bring_archive(craft_task *task, char **ret_location, rj_cached *ret_cached)
{
    const craft_request *request = &task->request;
    const char *cache_dir = task->plugin->store.cache_dir;
    rj_cache_request wanted = {.folder = cache_dir,
                               .suffix = CRAFT_SUFFIX,
                               .sha256 = request->hash,
                               .max_bytes = CRAFT_ARCHIVE_MAX,
                               .data = task,
                               .cancelled = is_cancelled,
                               .progress = say_progress};
    rj_status status = craft_locate(request, ret_location, &task->failure);

    if (status != RJ_OK)
        return status;
    if (request->hash && !rj_sha256_problem(request->hash) &&
        rj_cache_find(cache_dir, request->hash, CRAFT_SUFFIX, ret_cached, NULL) == RJ_OK)
        return RJ_OK;
    wanted.source = *ret_location;
    status = rj_cache_add(&wanted, ret_cached, &task->failure);
    if (status != RJ_OK) {
        char prefix[300];

        snprintf(prefix, sizeof prefix, "craft %.255s", request->id);
        rj_fail_prefix(&task->failure, prefix);
    }
    return status;
}

/* The policy's version counts; the script's own is only asked when there is none. */
static rj_status choose_version(craft_task *task, const craft_facts *facts, const char *location,
                                const char **ret_version)
{
    const char *wanted = task->request.version;

    if (wanted && facts->version[0] && strcmp(wanted, facts->version) != 0)
        craft_log(task, RJ_LOG_WARNING,
                  "craft %s: the policy says version %s, %s in the archive says %s; the policy's "
                  "is recorded",
                  task->request.id, wanted, craft_install_script.shown, facts->version);
    if (!wanted)
        wanted = facts->version;
    if (!wanted[0] || strlen(wanted) >= sizeof task->record.version)
        return rj_fail(&task->failure, RJ_E_INVALID,
                       "craft %s: neither the policy nor the header of %s in %s names a version of "
                       "1 to %zu characters",
                       task->request.id, craft_install_script.shown, location,
                       sizeof task->record.version - 1);
    *ret_version = wanted;
    return RJ_OK;
}

static rj_status fetch_before(craft_task *task)
{
    craft_facts facts = {0};
    rj_cached cached = {0};
    char *location = NULL, *plan = NULL;
    const char *version = NULL;
    rj_status status = bring_archive(task, &location, &cached);

    if (status == RJ_OK)
        status = judge_archive(cached.path, &facts, &task->failure);
    if (status == RJ_OK && facts.ignored)
        craft_log(task, RJ_LOG_WARNING,
                  "craft %s has more than one install script: %s is left out; remove one of them",
                  task->request.id, facts.ignored);
    if (status == RJ_OK)
        status = choose_version(task, &facts, location, &version);
    if (status == RJ_OK && asprintf(&plan, "%s %s", task->request.id, version) < 0) {
        plan = NULL;
        status = rj_fail_memory(&task->failure);
    }
    if (status == RJ_OK)
        status = set_result(task, json_pack("{s:s, s:s, s:s, s:I, s:[s]}", "version", version,
                                            "path", cached.path, "sha256", cached.sha256, "bytes",
                                            (json_int_t)cached.bytes, "plan", plan));
    free(plan);
    free(location);
    free(cached.path);
    return status;
}

const craft_verb craft_verb_fetch = {"fetch", 1, fetch_before, NULL};

/* ---- install --------------------------------------------------------------------------------- */

/* The engine recovers before it installs; should it not have, the same rules hold here. */
static rj_status settle_leftovers(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    const char *id = task->request.id;
    craft_trace trace;
    rj_status status = craft_store_look_back(store, id, &trace, &task->failure);

    if (status != RJ_OK || trace == CRAFT_TRACE_NONE)
        return status;
    craft_log(task, RJ_LOG_WARNING, "craft %s: an earlier run was interrupted; it is put right now",
              id);
    switch (trace) {
    case CRAFT_TRACE_SUCCEEDED:
        return craft_store_commit(store, id, &task->failure);
    case CRAFT_TRACE_UNINSTALLING:
        return craft_store_unmark_uninstalling(store, id, &task->failure);
    default:
        return craft_store_discard(store, id, &task->failure);
    }
}

static rj_status unpack(craft_task *task, const char *path)
{
    rj_archive_extract_options options = {
        .data = task, .cancelled = is_cancelled, .progress = say_progress};
    const craft_store *store = &task->plugin->store;
    rj_archive *archive = NULL;
    craft_facts facts = {0};
    rj_status status = rj_archive_open(path, NULL, &archive, &task->failure);

    if (status == RJ_OK)
        status = craft_examine(archive, &facts, &task->failure);
    if (status == RJ_OK)
        status = craft_store_unpack(store, task->request.id, archive, &facts, &options,
                                    &task->record.files, &task->failure);
    rj_archive_close(archive);
    task->record.has_detect = facts.has_detect;
    task->record.has_uninstall = facts.has_uninstall;
    return status;
}

static rj_status install_before(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    const craft_request *request = &task->request;
    rj_cached cached = {0};
    rj_status status;

    if (!request->fetched_sha256)
        return rj_fail(&task->failure, RJ_E_INVALID,
                       "craft %s: nothing was fetched for this install", request->id);
    if (strlen(request->fetched_version) >= sizeof task->record.version)
        return rj_fail(&task->failure, RJ_E_INVALID, "craft %s: its version is too long",
                       request->id);
    snprintf(task->record.version, sizeof task->record.version, "%s", request->fetched_version);
    status = settle_leftovers(task);
    if (status != RJ_OK)
        return status;
    status = rj_cache_find(store->cache_dir, request->fetched_sha256, CRAFT_SUFFIX, &cached,
                           &task->failure);
    if (status == RJ_OK)
        status = unpack(task, cached.path);
    if (status == RJ_OK)
        status = choose_script(task, CRAFT_WORK, &craft_install_script, request->time_limit_ms);
    if (status == RJ_OK)
        status = craft_store_mark_started(store, request->id, &task->failure);
    if (status != RJ_OK)
        craft_store_discard(store, request->id, NULL);
    free(cached.path);
    return status;
}

static rj_status install_after(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    rj_status status = set_script_result(task);

    if (!script_succeeded(task)) {
        status = explain_script(task);
        craft_store_discard(store, task->request.id, NULL);
        return status;
    }
    if (status == RJ_OK)
        status = add_outcome(task, task->record.version);
    if (status == RJ_OK)
        status = craft_store_mark_succeeded(store, &task->request, &task->record, &task->failure);
    if (status == RJ_OK)
        status = craft_store_commit(store, task->request.id, &task->failure);
    else /* a failed try: nothing of it stays, above all not on a full disk */
        craft_store_discard(store, task->request.id, NULL);
    return status == RJ_OK ? status
                           : rj_fail_prefix(&task->failure, "its script ended well, but that could "
                                                            "not be recorded");
}

const craft_verb craft_verb_install = {"install", 0, install_before, install_after};

/* ---- uninstall ------------------------------------------------------------------------------- */

static rj_status uninstall_before(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    const craft_request *request = &task->request;
    rj_status status = settle_leftovers(task);

    if (status == RJ_OK)
        status = craft_store_read(store, CRAFT_CRAFTS, request->id, &task->record, &task->failure);
    if (status == RJ_E_NOT_FOUND)
        return rj_fail(&task->failure, status, "craft %s: no install of it is recorded",
                       request->id);
    if (status != RJ_OK)
        return status;
    if (!task->record.has_uninstall) {
        status = craft_store_forget(store, request->id, &task->failure);
        return status != RJ_OK
                   ? status
                   : rj_fail(&task->failure, RJ_E_NOT_APPLICABLE,
                             "craft %s has no %s: it is no longer recorded as installed, but what "
                             "its script did remains",
                             request->id, craft_uninstall_script.shown);
    }
    status = choose_script(task, CRAFT_CRAFTS, &craft_uninstall_script, request->time_limit_ms);
    return status == RJ_OK ? craft_store_mark_uninstalling(store, request->id, &task->failure)
                           : status;
}

static rj_status uninstall_after(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    rj_status status = set_script_result(task);

    if (!script_succeeded(task)) {
        status = explain_script(task);
        craft_store_unmark_uninstalling(store, task->request.id, NULL);
        return status;
    }
    if (status == RJ_OK)
        status = craft_store_forget(store, task->request.id, &task->failure);
    return status == RJ_OK ? add_outcome(task, NULL) : status;
}

const craft_verb craft_verb_uninstall = {"uninstall", 0, uninstall_before, uninstall_after};

/* ---- recover --------------------------------------------------------------------------------- */

static rj_status set_recovered(craft_task *task, const char *outcome, int certain,
                               const char *detail)
{
    return set_result(task, json_pack("{s:s, s:b, s:s}", "outcome", outcome, "certain", certain,
                                      "detail", detail));
}

/* The former record counts.  `certain`: the detect script has said that it is true. */
static rj_status give_back(craft_task *task, int certain)
{
    const craft_store *store = &task->plugin->store;
    int installing = task->trace == CRAFT_TRACE_STARTED;
    const char *script = installing ? craft_install_script.shown : craft_uninstall_script.shown;
    rj_status status =
        installing ? craft_store_discard(store, task->request.id, &task->failure)
                   : craft_store_unmark_uninstalling(store, task->request.id, &task->failure);
    char detail[256];

    if (status != RJ_OK)
        return status;
    snprintf(detail, sizeof detail,
             certain
                 ? "%s was interrupted, and the craft's detect script says that it has not done "
                   "its work"
                 : "%s was interrupted: the record is as before, but what the script did to the "
                   "system is not known; it has to run again",
             script);
    return set_recovered(task, "rolled-back", certain, detail);
}

static int package_holds(const craft_task *task, const char *area, const craft_script *script)
{
    int there = 0;

    for (const char *const *name = script->names; *name && !there; name++) {
        char rest[64], *path;

        snprintf(rest, sizeof rest, "package/%s", *name);
        path = craft_store_path(&task->plugin->store, area, task->request.id, rest);
        there = path && craft_exists(path);
        free(path);
    }
    return there;
}

/* An interrupted script is judged by the craft's own detect script if it has one. */
static rj_status ask_detect_script(craft_task *task, const char *area)
{
    return package_holds(task, area, &craft_detect_script)
               ? choose_script(task, area, &craft_detect_script, DETECT_LIMIT_MS)
               : give_back(task, 0);
}

static rj_status recover_before(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    const char *id = task->request.id;
    rj_status status = craft_store_look_back(store, id, &task->trace, &task->failure);

    if (status != RJ_OK)
        return status;
    switch (task->trace) {
    case CRAFT_TRACE_UNPACKED:
        status = craft_store_discard(store, id, &task->failure);
        return status == RJ_OK ? set_recovered(task, "rolled-back", 1,
                                               "interrupted before its script was started")
                               : status;
    case CRAFT_TRACE_SUCCEEDED:
        status = craft_store_commit(store, id, &task->failure);
        return status == RJ_OK
                   ? set_recovered(task, "finished", 1,
                                   "its script had ended well; the record is in place now")
                   : status;
    case CRAFT_TRACE_STARTED:
        return ask_detect_script(task, CRAFT_WORK);
    case CRAFT_TRACE_UNINSTALLING:
        return ask_detect_script(task, CRAFT_CRAFTS);
    default:
        return set_recovered(task, "nothing", 1, "nothing was interrupted");
    }
}

/* The install's record as far as it is known: the version is the one that was asked for. */
static rj_status finish_install(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    const char *version =
        task->request.fetched_version ? task->request.fetched_version : task->request.version;
    craft_record record = {.has_detect = 1};
    rj_status status;

    if (!version || strlen(version) >= sizeof record.version)
        return give_back(task, 0);
    snprintf(record.version, sizeof record.version, "%s", version);
    record.has_uninstall = package_holds(task, CRAFT_WORK, &craft_uninstall_script);
    status = craft_store_mark_succeeded(store, &task->request, &record, &task->failure);
    if (status == RJ_OK)
        status = craft_store_commit(store, task->request.id, &task->failure);
    return status == RJ_OK ? set_recovered(task, "finished", 1,
                                           "interrupted, but its detect script says that it is "
                                           "there")
                           : status;
}

static rj_status recover_after(craft_task *task)
{
    const craft_store *store = &task->plugin->store;
    const char *id = task->request.id;
    int known =
        task->ended.kind == RJ_EXIT_CODE && (task->ended.value == 0 || task->ended.value == 1);
    int there = known && task->ended.value == 0;
    rj_status status;

    if (!known)
        return give_back(task, 0);
    if (task->trace == CRAFT_TRACE_STARTED && there)
        return finish_install(task);
    if (task->trace == CRAFT_TRACE_UNINSTALLING && !there) {
        status = craft_store_forget(store, id, &task->failure);
        return status == RJ_OK ? set_recovered(task, "finished", 1,
                                               "interrupted, but its detect script says that it is "
                                               "gone")
                               : status;
    }
    return give_back(task, 1);
}

const craft_verb craft_verb_recover = {"recover", 0, recover_before, recover_after};
