/* SPDX-License-Identifier: MIT */
/*
 * A plugin that does everything right, and with FAULT set to something else than FAULT_NONE one thing
 * wrong; rj_validate_test.py knows which test of rj-validate has to find it.
 *
 * It offers the check "subject", which takes some milliseconds on its lane, and packages of the format
 * "subject": a text file NAME.txt in the first source, which is copied to lib_dir/NAME.
 */
#include <realmjoin/check.h>
#include <realmjoin/package.h>

#include "subject.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *ops;
    const rj_host_exec *exec;
    const rj_host_config *config;
    const rj_host_event *event;
    const rj_host_timer *timer;
    const rj_host_spawn *spawn; /* NULL: not granted */
    char *state_dir;
    char *cache_dir;
    uint64_t subscription;
    uint64_t tick;
    unsigned ticks;
    unsigned jobs; /* on the lane, or queued for it */
    rj_op stop_op; /* 0: nobody waits */
    rj_op last_op; /* of the check */
    json_t *kept;  /* the settings */
    char scratch[4096];
};

typedef enum verb { EVALUATE, DETECT, FETCH, INSTALL, UNINSTALL, RECOVER } verb;

typedef struct task {
    rj_plugin *plugin;
    rj_op op;
    verb verb;
    json_t *request; /* NULL: a check */
    int finished;
    int linger_ms; /* what the lane still does after the answer */
} task;

/* What a plugin must not have: state outside of its instance. */
static rj_plugin *newest;
static int stopped_before;

static int is(int fault)
{
    return FAULT == fault;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void finish(task *t, rj_status status, const char *message)
{
    rj_plugin *p = is(FAULT_SHARED_STATIC) && newest ? newest : t->plugin;
    t->finished = 1;
    if (is(FAULT_FAILS_SILENTLY) && status)
        message = NULL;
    if (is(FAULT_INVENTED_STATUS) && t->verb == EVALUATE)
        status = -77;
    p->ops->finish(p->host, t->op, status, message);
    if (is(FAULT_ANSWERS_TWICE))
        p->ops->finish(p->host, t->op, status, message);
}

static void answer(task *t, const char *format, ...) __attribute__((format(__printf__, 2, 3)));
static void answer(task *t, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (is(FAULT_RESULT_NO_JSON))
        length--;
    if (!is(FAULT_NO_RESULT))
        t->plugin->ops->set_result(t->plugin->host, t->op, text, (size_t)length);
    finish(t, RJ_OK, NULL);
}

static int is_over(const task *t)
{
    return t->plugin->ops->cancelled(t->plugin->host, t->op) && !is(FAULT_IGNORES_CANCEL) &&
           !is(FAULT_ANSWERS_LATE);
}

static void interrupted(task *t)
{
    rj_plugin *p = t->plugin;
    if (p->ops->remaining_ms(p->host, t->op) == 0)
        finish(t, RJ_E_TIMEOUT, "the time was up before it had ended; try again later");
    else
        finish(t, RJ_E_CANCELLED, "cancelled on request; nothing was changed");
}

/* ---- The check [lane] ------------------------------------------------------------------------ */

static void judge(task *t)
{
    rj_plugin *p = t->plugin;
    int steps = is(FAULT_IGNORES_CANCEL) ? 300 : 3;
    for (int i = 0; i < steps; i++) {
        if (is_over(t)) {
            interrupted(t);
            return;
        }
        subject_sleep_ms(2);
    }
    if (is(FAULT_ANSWERS_LATE)) {
        while (p->ops->remaining_ms(p->host, t->op) > 0)
            subject_sleep_ms(5);
        subject_sleep_ms(450);
    }
    if (is(FAULT_LEAKS_IN_METHOD))
        subject_leak();
    p->ops->progress(p->host, t->op, 500, "half of it");
    answer(t,
           "{\"state\":\"%s\",\"summary\":\"The subject is %s.\",\"evidence\":[{\"source\":"
           "\"subject\",\"found\":\"%s\",\"means\":\"as wanted\"}]}",
           is(FAULT_WRONG_SHAPE) ? "fine"
           : stopped_before      ? "unknown"
                                 : "ok",
           stopped_before ? "stopped" : "well", p->state_dir);
    if (is(FAULT_PROGRESS_AFTER_END))
        p->ops->progress(p->host, t->op, 1000, "all of it");
    if (is(FAULT_STOP_DOES_NOT_WAIT))
        subject_sleep_ms(250);
}

/* ---- Packages [lane] ------------------------------------------------------------------------- */

static const char *text_of(const task *t, const char *key)
{
    return json_string_value(json_object_get(t->request, key));
}

/* The package's name, if it may be part of a path; NULL: answered. */
static const char *name_of(task *t)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    const char *name = text_of(t, "package") ? text_of(t, "package") : text_of(t, "id");
    if (name && *name && *name != '.' && strlen(name) < 200 &&
        strspn(name, allowed) == strlen(name))
        return name;
    finish(t, RJ_E_INVALID, "/package: expected a name of letters, digits, '-' and '.'");
    return NULL;
}

static void package_work(task *t)
{
    rj_plugin *p = t->plugin;
    char from[1024];
    char to[1024];
    const char *name = name_of(t);
    const char *lib = text_of(t, "lib_dir");
    const char *source =
        json_string_value(json_array_get(json_object_get(t->request, "sources"), 0));
    if (!name)
        return;
    if (!lib || *lib != '/' || !source || *source != '/' || strlen(lib) + strlen(source) > 700) {
        finish(t, RJ_E_INVALID, "/lib_dir, /sources/0: expected absolute paths");
        return;
    }
    snprintf(from, sizeof from, "%s/%s.txt", source, name);
    snprintf(to, sizeof to, "%s/%s", lib, name);
    switch (t->verb) {
    case DETECT:
        answer(t, "{\"installed\":%s,\"detail\":\"%s\"}",
               subject_exists(to) && !is(FAULT_DETECT_LIES) ? "true" : "false", name);
        return;
    case FETCH:
        if (!subject_exists(from))
            finish(t, RJ_E_NOT_FOUND, "the package is not in the first source");
        else
            answer(
                t,
                "{\"version\":\"1.0.0\",\"path\":\"%s\",\"bytes\":0,\"sha256\":\"e3b0c44298fc1c14"
                "9afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}",
                from);
        return;
    case INSTALL:
        if (!p->spawn)
            finish(t, RJ_E_DENIED, "installing needs the capability \"spawn\"; grant it by policy");
        else if (!subject_exists(from))
            finish(t, RJ_E_NOT_FOUND, "the package is not in the first source");
        else if (subject_write(to, "installed\n"))
            finish(t, RJ_E_IO, "the package cannot be written below lib_dir");
        else
            answer(t, "{\"restart\":false,\"version\":\"1.0.0\",\"files\":1}");
        return;
    case UNINSTALL:
        if (!subject_exists(to))
            finish(t, RJ_E_NOT_FOUND, "the package is not installed");
        else
            answer(t, "{\"restart\":false,\"files\":%d}", subject_remove(to));
        return;
    default:
        answer(t, "{\"outcome\":\"nothing\"}");
        return;
    }
}

/* ---- Work ------------------------------------------------------------------------------------ */

static void RJ_CALL work(rj_op op, void *data)
{
    task *t = data;
    (void)op;
    if (is(FAULT_NEVER_ANSWERS) && t->verb == FETCH) {
        while (!t->plugin->ops->cancelled(t->plugin->host, op))
            subject_sleep_ms(5);
        subject_sleep_ms(20);
        return;
    }
    if (is_over(t))
        interrupted(t);
    else if (t->verb == EVALUATE)
        judge(t);
    else
        package_work(t);
}

static void answer_stop_when_idle(rj_plugin *p)
{
    if (!p->stop_op || p->jobs)
        return;
    rj_op op = p->stop_op;
    p->stop_op = 0;
    p->ops->finish(p->host, op, RJ_OK, NULL);
}

static void RJ_CALL done(rj_op op, void *data, int32_t started)
{
    task *t = data;
    rj_plugin *p = t->plugin;
    (void)op;
    if (!started && !t->finished)
        interrupted(t);
    json_decref(t->request);
    free(t);
    p->jobs--;
    answer_stop_when_idle(p);
}

static void begin(rj_plugin *p, rj_op op, verb wanted, json_t *request)
{
    task *t = calloc(1, sizeof *t);
    if (!t) {
        json_decref(request);
        p->ops->finish(p->host, op, RJ_E_NO_MEMORY, "out of memory");
        return;
    }
    *t = (task){.plugin = p, .op = op, .verb = wanted, .request = request};
    p->jobs++;
    rj_status status = p->exec->run(p->host, op, work, done, t);
    if (status == RJ_OK)
        return;
    p->jobs--;
    finish(t, status, "too much is waiting already; try again later");
    json_decref(request);
    free(t);
}

/* ---- The interfaces -------------------------------------------------------------------------- */

static const char *const *RJ_CALL ids(rj_plugin *p)
{
    static const char *const good[] = {"subject", NULL};
    static const char *const other[] = {"subject-b", NULL};
    static const char *const more[] = {"subject", "subject-c", NULL};
    static int calls;
    (void)p;
    if (is(FAULT_IDS_CHANGE) && calls++)
        return other;
    return is(FAULT_IDS_NOT_IN_MANIFEST) ? more : good;
}

static void RJ_CALL evaluate(rj_plugin *p, const char *check_id, rj_op op)
{
    subject_misuse_process(p->state_dir);
    if (is(FAULT_CRASHES_ON_UNKNOWN_CHECK) && strcmp(check_id, "subject") != 0)
        abort();
    if (strcmp(check_id, "subject") != 0) {
        p->ops->finish(p->host, op, RJ_E_NOT_FOUND, "this plugin offers the check \"subject\"");
        return;
    }
    if (is(FAULT_BLOCKS_LOOP))
        subject_sleep_ms(2500);
    if (is(FAULT_EXITS))
        exit(0);
    if (is(FAULT_USES_OP_AFTER_END) && p->last_op)
        p->ops->finish(p->host, p->last_op, RJ_OK, NULL);
    p->last_op = op;
    if (is(FAULT_USES_MADE_UP_OP))
        p->ops->finish(p->host, op + 12345, RJ_OK, NULL);
    begin(p, op, EVALUATE, NULL);
}

static const char *const *RJ_CALL formats(rj_plugin *p)
{
    static const char *const names[] = {"subject", NULL};
    (void)p;
    return names;
}

static void parse_and_begin(rj_plugin *p, const char *request_json, rj_op op, verb wanted)
{
    json_t *request = json_loads(request_json, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(request, "id"));
    if (is(FAULT_CRASHES_ON_JUNK_REQUEST) && !id)
        abort();
    if (is(FAULT_ACCEPTS_JUNK_REQUEST) && wanted == RECOVER && !id)
        id = "x";
    if (id && *id) {
        if (!request)
            request = json_pack("{s:s, s:s, s:[s]}", "id", "x", "lib_dir", "/", "sources", "/");
        else if (!json_object_get(request, "id"))
            json_object_update_new(
                request, json_pack("{s:s, s:s, s:[s]}", "id", "x", "lib_dir", "/", "sources", "/"));
        begin(p, op, wanted, request);
        return;
    }
    json_decref(request);
    p->ops->finish(p->host, op, RJ_E_INVALID, "the request is no object with a text as /id");
}

static void RJ_CALL detect(rj_plugin *p, const char *request_json, rj_op op)
{
    parse_and_begin(p, request_json, op, DETECT);
}

static void RJ_CALL fetch(rj_plugin *p, const char *request_json, rj_op op)
{
    parse_and_begin(p, request_json, op, FETCH);
}

static void RJ_CALL install(rj_plugin *p, const char *request_json, rj_op op)
{
    if (is(FAULT_NEEDS_ITS_GRANT) && p->spawn->start == NULL)
        return;
    parse_and_begin(p, request_json, op, INSTALL);
}

static void RJ_CALL uninstall(rj_plugin *p, const char *request_json, rj_op op)
{
    parse_and_begin(p, request_json, op, UNINSTALL);
}

static void RJ_CALL recover(rj_plugin *p, const char *request_json, rj_op op)
{
    parse_and_begin(p, request_json, op, RECOVER);
}

static const void *RJ_CALL query(rj_plugin *p, const char *id)
{
    static const rj_check check = {sizeof check, RJ_ABI_MINOR, ids, evaluate, NULL};
    static const rj_check check_again = {sizeof check_again, RJ_ABI_MINOR, ids, evaluate, NULL};
    static const rj_package package = {FAULT == FAULT_SHORT_TABLE ? offsetof(rj_package, recover)
                                                                  : sizeof package,
                                       RJ_ABI_MINOR,
                                       formats,
                                       detect,
                                       fetch,
                                       install,
                                       uninstall,
                                       recover};
    static int calls;
    (void)p;
    if (is(FAULT_TABLE_CHANGES) && strcmp(id, RJ_CHECK) == 0 && calls++ % 2)
        return &check_again;
    if (is(FAULT_PREFIX_HAS_TABLE) && strncmp(id, RJ_CHECK, strlen(RJ_CHECK)) == 0)
        return &check;
    if (strcmp(id, RJ_CHECK) == 0)
        return &check;
    if (strcmp(id, RJ_PACKAGE) == 0 || is(FAULT_ANY_ID_HAS_TABLE))
        return &package;
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------ */

static void free_plugin(rj_plugin *p)
{
    json_decref(p->kept);
    free(p->state_dir);
    free(p->cache_dir);
    free(p);
}

static void RJ_CALL destroy(rj_plugin *p)
{
    if (is(FAULT_CRASHES_IN_DESTROY))
        abort();
    if (newest == p)
        newest = NULL;
    free_plugin(p);
}

static void RJ_CALL on_tick(void *data)
{
    rj_plugin *p = data;
    p->ticks++;
}

static void RJ_CALL receive(void *data, const void *bytes, size_t length)
{
    rj_plugin *p = data;
    json_t *config = json_loadb(bytes, length, 0, NULL);
    if (is(FAULT_CRASHES_ON_LARGE_SETTINGS) && length > sizeof p->scratch)
        abort();
    json_decref(p->kept);
    p->kept = json_incref(json_object_get(config, "settings"));
    json_decref(config);
}

static void RJ_CALL on_config(void *data, const char *topic, const char *json, size_t length)
{
    rj_plugin *p = data;
    (void)topic;
    (void)json;
    (void)length;
    if (is(FAULT_CRASHES_ON_SETTINGS_AT_WORK) && p->jobs)
        abort();
    p->config->read(p->host, receive, p);
}

static rj_status take_config(rj_plugin *p, const char *config_json)
{
    const char *state = NULL;
    const char *cache = NULL;
    json_t *settings = NULL;
    json_t *config = json_loads(config_json, 0, NULL);
    rj_status status = RJ_OK;
    if (is(FAULT_CRASHES_ON_JUNK_CONFIG) && !config)
        abort();
    if (json_unpack(config, "{s:s, s:s, s?o}", "state_dir", &state, "cache_dir", &cache, "settings",
                    &settings) != 0 ||
        *state != '/' || *cache != '/' || (settings && !json_is_object(settings))) {
        status = RJ_E_INVALID;
    } else {
        p->state_dir = strdup(state);
        p->cache_dir = strdup(cache);
        p->kept = json_incref(settings);
        if (!p->state_dir || !p->cache_dir)
            status = RJ_E_NO_MEMORY;
    }
    json_decref(config);
    return status;
}

static rj_status RJ_CALL create(const rj_host *host, const char *config_json,
                                rj_plugin **ret_plugin)
{
    rj_plugin *p = calloc(1, sizeof *p);
    if (!p)
        return RJ_E_NO_MEMORY;
    if (is(FAULT_TOUCHES_RET_ON_FAILURE))
        *ret_plugin = p;
    p->host = host;
    p->ops = host->query(host, RJ_HOST_OP);
    p->exec = host->query(host, RJ_HOST_EXEC);
    p->config = host->query(host, RJ_HOST_CONFIG);
    p->event = host->query(host, RJ_HOST_EVENT);
    p->timer = host->query(host, RJ_HOST_TIMER);
    p->spawn = host->query(host, RJ_HOST_SPAWN);
    rj_status status = p->ops && p->exec && p->config && p->event && p->timer ? RJ_OK : RJ_E_FAILED;
    if (!status && is(FAULT_REFUSES_WITHOUT_GRANT) && !p->spawn)
        status = RJ_E_DENIED;
    if (!status)
        status = take_config(p, config_json);
    if (!status)
        status = p->event->subscribe(host, "host.config", on_config, p, &p->subscription);
    if (!status && p->timer->start(host, 5, 50, on_tick, p, &p->tick)) {
        p->event->unsubscribe(host, p->subscription);
        status = RJ_E_LIMIT;
    }
    if (status) {
        if (is(FAULT_TOUCHES_RET_ON_FAILURE))
            memset(p, 0, sizeof *p);
        free_plugin(p);
        return status;
    }
    if (!is(FAULT_LEAKS_IN_METHOD))
        subject_leak();
    if (is(FAULT_CREATE_IS_SLOW))
        subject_sleep_ms(300);
    newest = p;
    *ret_plugin = p;
    return RJ_OK;
}

static void RJ_CALL stop(rj_plugin *p, rj_op op)
{
    if (!is(FAULT_LEAVES_TIMER))
        p->timer->stop(p->host, p->tick);
    p->event->unsubscribe(p->host, p->subscription);
    if (is(FAULT_STATIC_OUTLIVES_INSTANCE))
        stopped_before = 1;
    if (is(FAULT_NEVER_STOPS))
        return;
    if (is(FAULT_STOP_DOES_NOT_WAIT)) {
        p->ops->finish(p->host, op, RJ_OK, NULL);
        return;
    }
    p->stop_op = op;
    answer_stop_when_idle(p);
}

static const char *const provides[] = {RJ_CHECK, RJ_PACKAGE, NULL};

static const rj_plugin_desc descriptors[2] = {{.size = sizeof(rj_plugin_desc),
                                               .minor = RJ_ABI_MINOR,
                                               .id = "subject",
                                               .version = "1.0.0",
                                               .provides = provides,
                                               .create = create,
                                               .query = query,
                                               .stop = stop,
                                               .destroy = destroy},
                                              {.size = sizeof(rj_plugin_desc),
                                               .minor = RJ_ABI_MINOR,
                                               .id = "subject",
                                               .version = "1.0.0",
                                               .provides = provides,
                                               .create = create,
                                               .query = query,
                                               .stop = stop,
                                               .destroy = destroy}};

#if FAULT == FAULT_EXPORTS_MORE
RJ_EXPORT int subject_extra(void);
int subject_extra(void)
{
    return 1;
}
#endif

const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)
{
    static int calls;
    return &descriptors[is(FAULT_ENTRY_DIFFERS) ? calls++ % 2 : 0];
}
