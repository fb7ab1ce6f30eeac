/* SPDX-License-Identifier: MIT */
/* All texts go into one block, the two lists point into it. */
#include "spawn_spec.h"

#include "base/alloc.h"
#include "host/spawn_folder.h"
#include "platform/paths.h"

#include <string.h>

#define ENTRIES_MAX 4096u
#define TEXT_MAX (1024u * 1024)
#define SPAWN_V1_SIZE (offsetof(rj_spawn, time_limit_ms) + sizeof(int64_t))

static rj_status check_path(const char *path, const char *what, rj_error *err)
{
    if (path && rj_path_is_absolute(path) && strchr(path, '/')) /* what is compared has slashes */
        return RJ_OK;
    return rj_fail(err, RJ_E_INVALID, "the %s is not an absolute path", what);
}

static rj_status measure(const char *const *list, size_t *count, size_t *bytes, rj_error *err)
{
    for (*count = 0; list[*count]; (*count)++) {
        *bytes += strnlen(list[*count], TEXT_MAX) + 1;
        if (*count == ENTRIES_MAX || *bytes > TEXT_MAX)
            return rj_fail(err, RJ_E_LIMIT, "too many or too long arguments or variables");
    }
    return RJ_OK;
}

static rj_status check_environment(const char *const *list, rj_error *err)
{
    for (; *list; list++)
        if (**list == '=' || !strchr(*list, '='))
            return rj_fail(err, RJ_E_INVALID, "\"%.40s\" in its environment is no NAME=value",
                           *list);
    return RJ_OK;
}

static const char *put(char **at, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

static const char *const *put_list(const char **list, char **at, const char *const *texts)
{
    size_t count = 0;
    for (; texts[count]; count++)
        list[count] = put(at, texts[count]);
    list[count] = NULL;
    return list;
}

static rj_status check(const rj_spawn *spawn, rj_error *err)
{
    if (!spawn || spawn->size < SPAWN_V1_SIZE)
        return rj_fail(err, RJ_E_INVALID, "the description of the program is incomplete");
    rj_status status = check_path(spawn->program, "program", err);
    if (!status)
        status = check_path(spawn->directory, "working directory", err);
    if (!status && spawn->log_path)
        status = check_path(spawn->log_path, "log file", err);
    if (!status && (!spawn->arguments || !spawn->arguments[0]))
        status = rj_fail(err, RJ_E_INVALID, "no argument list was given");
    if (!status && spawn->environment)
        status = check_environment(spawn->environment, err);
    return status;
}

bool rj_spawn_is_below(const char *path, const char *folder)
{
    if (!rj_path_is_below(path, folder))
        return false;
    /* Names may be told apart by either slash, and need not be as long as they are in `folder`. */
    const char *at = strchr(path, '/');
    for (at += at[1] == '/'; *at;) {
        const char *name = at + 1;
        size_t size = strcspn(name, "/\\");
        if (size == 0 || (size == 1 && name[0] == '.') ||
            (size == 2 && name[0] == '.' && name[1] == '.'))
            return false;
        at = name + size;
    }
    return true;
}

/* What decides how text looks, and no name of a file: catalogues are looked for by it. */
static bool is_harmless(const char *variable)
{
    static const char *const names[] = {"LANG", "LANGUAGE", "TERM", "NO_COLOR"};
    static const char *const whole[] = {
        "PATH=/usr/bin:/bin", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND=noninteractive"};
    size_t length = strcspn(variable, "=");
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (strcmp(variable, whole[i]) == 0)
            return true;
    if (strchr(variable, '/'))
        return false;
    bool known = length > 3 && strncmp(variable, "LC_", 3) == 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        known |= strlen(names[i]) == length && strncmp(variable, names[i], length) == 0;
    return known;
}

rj_status rj_spawn_check_narrow(const rj_spawn *spawn, rj_error *err)
{
    const char *name = strrchr(spawn->program, '/') + 1;
    if (strcmp(spawn->arguments[0], spawn->program) != 0 && strcmp(spawn->arguments[0], name) != 0)
        return rj_fail(err, RJ_E_DENIED,
                       "%s would be called \"%.40s\", which makes another program "
                       "of some; the first argument must be %s",
                       spawn->program, spawn->arguments[0], name);
    for (const char *const *at = spawn->environment; *at; at++)
        if (!is_harmless(*at))
            return rj_fail(err, RJ_E_DENIED,
                           "the variable %.*s may make %s run other code, and the grant names only "
                           "that program; leave it out, or ask for \"spawn\"",
                           (int)strcspn(*at, "=") < 40 ? (int)strcspn(*at, "=") : 40, *at,
                           spawn->program);
    return rj_spawn_check_folder(spawn->program, spawn->directory, err);
}

rj_status rj_spawn_spec_copy(const rj_spawn *spawn, rj_spawn_spec **ret_spec, rj_error *err)
{
    static const char *const nothing[] = {NULL};
    rj_status status = check(spawn, err);
    if (status)
        return status;
    const char *const *environment = spawn->environment ? spawn->environment : nothing;
    size_t arguments = 0;
    size_t variables = 0;
    size_t bytes = strlen(spawn->program) + strlen(spawn->directory) +
                   (spawn->log_path ? strlen(spawn->log_path) : 0) + 3;
    status = measure(spawn->arguments, &arguments, &bytes, err);
    if (!status)
        status = measure(environment, &variables, &bytes, err);
    if (status)
        return status;
    rj_spawn_spec *copy = rj_calloc(1, sizeof *copy);
    const char **lists[2] = {rj_calloc(arguments + 1, sizeof(char *)),
                             rj_calloc(variables + 1, sizeof(char *))};
    char *texts = rj_malloc(bytes);
    if (!copy || !lists[0] || !lists[1] || !texts) {
        rj_free(copy);
        rj_free((void *)lists[0]);
        rj_free((void *)lists[1]);
        rj_free(texts);
        return rj_fail_memory(err, "starting a program");
    }
    char *at = texts;
    copy->lists[0] = (void *)lists[0];
    copy->lists[1] = (void *)lists[1];
    copy->texts = texts;
    copy->spec = (rj_spawn){.size = sizeof copy->spec,
                            .minor = RJ_ABI_MINOR,
                            .program = put(&at, spawn->program),
                            .arguments = put_list(lists[0], &at, spawn->arguments),
                            .environment = put_list(lists[1], &at, environment),
                            .directory = put(&at, spawn->directory),
                            .log_path = put(&at, spawn->log_path),
                            .time_limit_ms = spawn->time_limit_ms};
    *ret_spec = copy;
    return RJ_OK;
}

void rj_spawn_spec_free(rj_spawn_spec *spec)
{
    if (!spec)
        return;
    rj_free(spec->lists[0]);
    rj_free(spec->lists[1]);
    rj_free(spec->texts);
    rj_free(spec);
}
