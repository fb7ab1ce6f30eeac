/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/kit/simple_package.h -- a plugin for one package format whose work is done by programs,
 * as one function a verb.  The rest of a plugin (descriptor, instance, tables, the one answer, stop)
 * stands here and is compiled into it; no part of the ABI.  Include it in one file of the plugin:
 *
 *     struct rj_package_data { char name[128]; };           yours, one a question, zeroed
 *
 *     static void listed(rj_package_task *task, const rj_spawn_exit *how)
 *     {
 *         if (!rj_package_succeeded(task, how, "listing"))  answered already, with the reason
 *             return;
 *         rj_json_raw(&task->result, "{\"installed\": false}");
 *         rj_package_answer(task, RJ_OK, NULL);
 *     }
 *     static void detect(rj_package_task *task)
 *     {
 *         rj_package_run(task, listed, "/usr/bin/tool", "--list", task->data->name);
 *     }
 *     static const rj_package_verbs verbs = {detect, fetch, install, uninstall, recover};
 *     RJ_SIMPLE_PACKAGE("com.example.thing", "1.0.0", "thing", verbs)
 *
 * All of it runs on the loop.  A verb or a step ends with exactly one rj_package_run() or
 * rj_package_answer(); the task is gone after the latter.  In C++ nothing may be thrown out of them.
 * What each verb has to promise and to write into task->result stands in <realmjoin/package.h>.
 */
#ifndef REALMJOIN_KIT_SIMPLE_PACKAGE_H
#define REALMJOIN_KIT_SIMPLE_PACKAGE_H

#include <realmjoin/kit/json.h>
#include <realmjoin/package.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_PACKAGE_RESULT_MAX 32768

#if defined(__MINGW_PRINTF_FORMAT) /* of two; <stdio.h> knows which one the program has */
#define RJ_PACKAGE_PRINTF __attribute__((format(__MINGW_PRINTF_FORMAT, 3, 4)))
#elif defined(__GNUC__)
#define RJ_PACKAGE_PRINTF __attribute__((format(__printf__, 3, 4)))
#else
#define RJ_PACKAGE_PRINTF
#endif

typedef struct rj_package_task rj_package_task;
typedef void (*rj_package_verb)(rj_package_task *task);
typedef void (*rj_package_step)(rj_package_task *task, const rj_spawn_exit *how);

typedef struct rj_package_verbs {
    rj_package_verb detect, fetch, install, uninstall, recover;
} rj_package_verbs;

struct rj_package_task {
    rj_plugin *plugin;
    rj_op op;
    rj_json_value request;        /* the host's document */
    struct rj_package_data *data; /* yours */
    int32_t changing;             /* set it while the system is being changed */
    rj_json_writer result;        /* write the result document here before the answer */
    rj_package_step next;
    rj_package_verb after; /* of verify and fetch_file */
    rj_package_verb after_copy;
    const char *verified;
    char *hash;
    char *request_copy;
    char result_text[RJ_PACKAGE_RESULT_MAX];
};

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *ops;
    const rj_host_exec *exec;
    const rj_host_spawn *spawn; /* NULL: not granted */
    const char *const *formats;
    const rj_package_verbs *verbs;
    size_t data_size;
    char *config;
    rj_json_value config_root;
    int32_t tasks;
    rj_op stop_op; /* 0: not stopping */
};

/* ---- What each system does its own way (package_files_posix.h, package_files_win32.h) -------- */

static inline int rj_package_is_absolute(const char *path);

/* Bytes of the file; -1: it is not there or cannot be read, and errno says why. */
static inline int64_t rj_package_file_size(const char *path);

/* Remove the file, or give it the name `to` in place of what has it.  0; -1: errno says why. */
static inline int rj_package_remove(const char *path);
static inline int rj_package_move(const char *from, const char *to);

/* Copy the file `from` to `to`, then go on with `after`. */
static inline void rj_package_copy(rj_package_task *task, const char *from, const char *to,
                                   rj_package_verb after);

/* Compare the file with the SHA-256 in `hash`, whose 65 bytes hold it afterwards ("": take what is
 * found), then go on with `after`.  Both live as long as the task. */
static inline void rj_package_verify(rj_package_task *task, const char *path, char *hash,
                                     rj_package_verb after);

/* Of programs: their variables, and a working directory that nobody but root or SYSTEM may fill. */
static inline const char *const *rj_package_environment(void);
static inline const char *rj_package_directory(const char *program, char *buffer, size_t size);

/* ---- Reading --------------------------------------------------------------------------------- */

/* A text of the request: its length; 0, and "": absent or empty; -1, and "": longer than fits. */
static inline int rj_package_text(const rj_package_task *task, const char *key, char *buffer,
                                  size_t size)
{
    rj_json_value value = rj_json_member(task->request, key);
    int length = (int)rj_json_string(value, buffer, size);

    return value.start ? length : 0;
}

/* The package's own name: "package", or the id where that is left out.  As rj_package_text(). */
static inline int rj_package_name(const rj_package_task *task, char *buffer, size_t size)
{
    int length = rj_package_text(task, "package", buffer, size);

    return length ? length : rj_package_text(task, "id", buffer, size);
}

/* The absolute path of "location", a relative one below the first source.  0: none; -1: too long. */
static inline int rj_package_location(const rj_package_task *task, char *buffer, size_t size)
{
    rj_json_value sources = rj_json_member(task->request, "sources");
    char location[4096];
    int length = rj_package_text(task, "location", location, sizeof location), used = 0;

    if (length > 0 && !rj_package_is_absolute(location))
        used = (int)rj_json_string(rj_json_item(sources, 0), buffer, size);
    if (length <= 0 || used < 0 || (used == 0 && !rj_package_is_absolute(location)) ||
        (used > 0 && !rj_package_is_absolute(buffer)))
        return length < 0 ? -1 : 0;
    used = snprintf(buffer + used, size - (size_t)used, "%s%s", used ? "/" : "", location) + used;
    return (size_t)used < size ? used : -1;
}

/* The same of the plugin's configuration: "root", "role", "state_dir", "cache_dir". */
static inline int rj_package_config(const rj_package_task *task, const char *key, char *buffer,
                                    size_t size)
{
    return (int)rj_json_string(rj_json_member(task->plugin->config_root, key), buffer, size);
}

/* `name` in the plugin's folder "state_dir" or "cache_dir".  1; 0: too long. */
static inline int rj_package_file(const rj_package_task *task, const char *folder, const char *name,
                                  char *buffer, size_t size)
{
    int used = rj_package_config(task, folder, buffer, size);

    if (used <= 0 || strlen(name) + 2 > size - (size_t)used)
        return 0;
    buffer[used] = '/';
    memcpy(buffer + used + 1, name, strlen(name) + 1);
    return 1;
}

/* ---- Answering ------------------------------------------------------------------------------- */

/* The one answer; `format`: what, where, what to do; NULL with RJ_OK. */
RJ_PACKAGE_PRINTF
static inline void rj_package_answer(rj_package_task *task, rj_status status, const char *format,
                                     ...)
{
    rj_plugin *plugin = task->plugin;
    char message[4096] = "";
    va_list values;

    if (format) {
        va_start(values, format);
        vsnprintf(message, sizeof message, format, values);
        va_end(values);
    }
    if (task->result.length && !rj_json_failed(&task->result))
        plugin->ops->set_result(plugin->host, task->op, task->result.text, task->result.length);
    plugin->ops->finish(plugin->host, task->op, status, status ? message : NULL);
    free(task->data);
    free(task->request_copy);
    free(task);
    if (--plugin->tasks == 0 && plugin->stop_op)
        plugin->ops->finish(plugin->host, plugin->stop_op, RJ_OK, NULL);
}

/* ---- Running programs ------------------------------------------------------------------------ */

static inline void RJ_CALL rj_package_ended(void *data, const rj_spawn_exit *how)
{
    rj_package_task *task = (rj_package_task *)data;

    task->next(task, how);
}

/* A program that needs other variables is started by hand, with <realmjoin/plugin.h>. */
static inline void rj_package_run_list(rj_package_task *task, rj_package_step next,
                                       const char *const *arguments)
{
    rj_plugin *plugin = task->plugin;
    char log[4096], folder[4096];
    int64_t limit = 0;
    rj_status status = RJ_E_DENIED;
    rj_spawn spawn;

    memset(&spawn, 0, sizeof spawn);
    spawn.size = sizeof spawn;
    spawn.minor = RJ_ABI_MINOR;
    spawn.program = arguments[0];
    spawn.arguments = arguments;
    spawn.environment = rj_package_environment();
    spawn.directory = rj_package_directory(arguments[0], folder, sizeof folder);
    if (task->changing && rj_json_integer(rj_json_member(task->request, "time_limit_ms"), &limit))
        spawn.time_limit_ms = limit;
    if (task->changing && rj_package_text(task, "log_path", log, sizeof log) > 0)
        spawn.log_path = log;
    task->next = next;
    if (plugin->spawn)
        status = plugin->spawn->start(plugin->host, task->op, &spawn, rj_package_ended, task, NULL);
    if (status == RJ_OK)
        return;
    if (plugin->ops->cancelled(plugin->host, task->op))
        status = RJ_E_CANCELLED;
    rj_package_answer(task, status, "%s was not started: %s", arguments[0],
                      status == RJ_E_DENIED      ? "it is not granted; see \"Grant\" in the policy"
                      : status == RJ_E_CANCELLED ? "stopped on request"
                                                 : "the agent refused it; its log says why");
}

/* Start the program (its path, then its arguments); `next` is called with its end. */
#define rj_package_run(TASK, NEXT, ...)                                                            \
    do {                                                                                           \
        const char *const rj_package_list[] = {__VA_ARGS__, NULL};                                 \
        rj_package_run_list(TASK, NEXT, rj_package_list);                                          \
    } while (0)

/* Did it end by itself, with this exit code? */
static inline int rj_package_exited(const rj_spawn_exit *how, int code)
{
    return how->kind == RJ_EXIT_CODE && how->value == code;
}

/* 1: it ended with 0.  0: it did not do its work, and the question is answered with that. */
static inline int rj_package_succeeded(rj_package_task *task, const rj_spawn_exit *how,
                                       const char *what)
{
    static const char *const ends[] = {"ended with exit code", "was killed by signal",
                                       "was killed at its time limit,", "was stopped on request,",
                                       "could not be started,"};
    int certain = !task->changing || how->kind != RJ_EXIT_CANCELLED;

    if (rj_package_exited(how, 0))
        return 1;
    rj_json_format(&task->result, "{\"restart\": false, \"output\": %q", how->tail);
    if (how->kind == RJ_EXIT_CODE)
        rj_json_format(&task->result, ", \"exit_code\": %d", (int64_t)how->value);
    rj_json_raw(&task->result, certain ? "}" : ", \"certain\": false}");
    rj_package_answer(task,
                      how->kind == RJ_EXIT_TIMEOUT     ? RJ_E_TIMEOUT
                      : how->kind == RJ_EXIT_CANCELLED ? RJ_E_CANCELLED
                                                       : RJ_E_FAILED,
                      "%s %s %d; last output: %.3000s", what,
                      how->kind >= 0 && how->kind <= 4 ? ends[how->kind] : "ended with",
                      (int)how->value, how->tail_length ? how->tail : "none");
    return 0;
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* The file has this SHA-256: hold it against the one that is wanted, and go on. */
static inline void rj_package_hash_found(rj_package_task *task, const char *found)
{
    size_t i;

    for (i = 0; i < 64 && found[i] && strchr("0123456789abcdef", found[i]); i++)
        if (task->hash[0] && (task->hash[i] | ((task->hash[i] >= 'A') << 5)) != found[i])
            break;
    if (i < 64) {
        rj_package_answer(task, RJ_E_CORRUPT, "%s has the SHA-256 %.64s, but %s is wanted",
                          task->verified, found, task->hash[0] ? task->hash : "another");
        return;
    }
    memcpy(task->hash, found, 64);
    task->hash[64] = '\0';
    task->after(task);
}

#if defined(_WIN32)
#include <realmjoin/kit/package_files_win32.h>
#else
#include <realmjoin/kit/package_files_posix.h>
#endif

static inline void rj_package_verify_copy(rj_package_task *task)
{
    rj_package_verify(task, task->verified, task->hash, task->after);
}

/* What most formats fetch: the file at "location", copied to `to` and held against `hash`, which is
 * as for rj_package_verify(); then go on with `after`. */
static inline void rj_package_fetch_file(rj_package_task *task, const char *to, char *hash,
                                         rj_package_verb after)
{
    char path[8200];

    task->after = after;
    task->verified = to;
    task->hash = hash;
    if (rj_package_location(task, path, sizeof path) > 0)
        rj_package_copy(task, path, to, rj_package_verify_copy);
    else
        rj_package_answer(task, RJ_E_INVALID,
                          "set \"Location\" to the path of the file, absolute or below a source");
}

/* ---- The frame ------------------------------------------------------------------------------- */

static inline void rj_package_begin(rj_plugin *plugin, const char *request, rj_op op,
                                    rj_package_verb verb)
{
    size_t length = strlen(request);
    rj_package_task *task = (rj_package_task *)calloc(1, sizeof *task);
    struct rj_package_data *data = (struct rj_package_data *)calloc(1, plugin->data_size);
    char *copy = (char *)malloc(length + 1);

    if (!task || !data || !copy) {
        free(task);
        free(data);
        free(copy);
        plugin->ops->finish(plugin->host, op, RJ_E_NO_MEMORY, "out of memory");
        return;
    }
    memcpy(copy, request, length + 1);
    task->plugin = plugin;
    task->op = op;
    task->data = data;
    task->request_copy = copy;
    task->request = rj_json_document(copy, length);
    task->result.text = task->result_text;
    task->result.size = sizeof task->result_text;
    plugin->tasks++;
    if (task->request.start)
        verb(task);
    else
        rj_package_answer(task, RJ_E_INVALID, "the request is no JSON document");
}

static inline void RJ_CALL rj_package_detect(rj_plugin *plugin, const char *request, rj_op op)
{
    rj_package_begin(plugin, request, op, plugin->verbs->detect);
}

static inline void RJ_CALL rj_package_fetch(rj_plugin *plugin, const char *request, rj_op op)
{
    rj_package_begin(plugin, request, op, plugin->verbs->fetch);
}

static inline void RJ_CALL rj_package_install(rj_plugin *plugin, const char *request, rj_op op)
{
    rj_package_begin(plugin, request, op, plugin->verbs->install);
}

static inline void RJ_CALL rj_package_uninstall(rj_plugin *plugin, const char *request, rj_op op)
{
    rj_package_begin(plugin, request, op, plugin->verbs->uninstall);
}

static inline void RJ_CALL rj_package_recover(rj_plugin *plugin, const char *request, rj_op op)
{
    rj_package_begin(plugin, request, op, plugin->verbs->recover);
}

static inline const char *const *RJ_CALL rj_package_formats(rj_plugin *plugin)
{
    return plugin->formats;
}

static inline void RJ_CALL rj_package_destroy(rj_plugin *plugin)
{
    free(plugin->config);
    free(plugin);
}

static inline rj_status rj_package_create(const rj_host *host, const char *config_json,
                                          rj_plugin made, rj_plugin **ret_plugin)
{
    size_t length = strlen(config_json);
    rj_plugin *plugin = (rj_plugin *)malloc(sizeof *plugin);

    made.config = (char *)malloc(length + 1);
    if (!plugin || !made.config) {
        free(plugin);
        free(made.config);
        return RJ_E_NO_MEMORY;
    }
    memcpy(made.config, config_json, length + 1);
    made.config_root = rj_json_document(made.config, length);
    made.host = host;
    made.ops = (const rj_host_op *)host->query(host, RJ_HOST_OP);
    made.exec = (const rj_host_exec *)host->query(host, RJ_HOST_EXEC);
    made.spawn = (const rj_host_spawn *)host->query(host, RJ_HOST_SPAWN);
    *plugin = made;
    if (!made.ops || !made.exec || !made.config_root.start) {
        rj_package_destroy(plugin);
        return made.ops && made.exec ? RJ_E_INVALID : RJ_E_DENIED;
    }
    *ret_plugin = plugin;
    return RJ_OK;
}

static inline const void *RJ_CALL rj_package_query(rj_plugin *plugin, const char *id)
{
    static const rj_package table = {sizeof(rj_package),   RJ_ABI_MINOR,      rj_package_formats,
                                     rj_package_detect,    rj_package_fetch,  rj_package_install,
                                     rj_package_uninstall, rj_package_recover};

    (void)plugin;
    return strcmp(id, RJ_PACKAGE) == 0 ? &table : NULL;
}

/* The host has cancelled what runs; the last answer answers this too. */
static inline void RJ_CALL rj_package_stop(rj_plugin *plugin, rj_op op)
{
    plugin->stop_op = op;
    if (plugin->tasks == 0)
        plugin->ops->finish(plugin->host, op, RJ_OK, NULL);
}

#define RJ_SIMPLE_PACKAGE(ID, VERSION, FORMAT, VERBS)                                              \
    static rj_status RJ_CALL rj_package_create_this(const rj_host *host, const char *config_json,  \
                                                    rj_plugin **ret_plugin)                        \
    {                                                                                              \
        static const char *const formats[] = {FORMAT, NULL};                                       \
        rj_plugin made;                                                                            \
        memset(&made, 0, sizeof made);                                                             \
        made.formats = formats;                                                                    \
        made.verbs = &(VERBS);                                                                     \
        made.data_size = sizeof(struct rj_package_data);                                           \
        return rj_package_create(host, config_json, made, ret_plugin);                             \
    }                                                                                              \
    const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)                                         \
    {                                                                                              \
        static const char *const provides[] = {RJ_PACKAGE, NULL};                                  \
        static const rj_plugin_desc desc = {sizeof(rj_plugin_desc),                                \
                                            RJ_ABI_MINOR,                                          \
                                            ID,                                                    \
                                            VERSION,                                               \
                                            provides,                                              \
                                            rj_package_create_this,                                \
                                            rj_package_query,                                      \
                                            rj_package_stop,                                       \
                                            rj_package_destroy};                                   \
        return &desc;                                                                              \
    }

#ifdef __cplusplus
}
#endif

#endif
