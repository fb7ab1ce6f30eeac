/* SPDX-License-Identifier: MIT */
/* realmjoin service status | start | stop */
#include "base/alloc.h"
#include "ipc/refusal_texts.h"
#include "platform/file.h"
#include "platform/system.h"
#include "session/command/command.h"
#include "session/program.h"
#include "session/service_control.h"
#include <string.h>

#define START_LIMIT_MS 15000u
#define STOP_LIMIT_MS 20000u
#define POLL_MS 20u

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

/* The answer to "version", or NULL when nobody answers. */
static json_t *ask_version(rj_cli *cli)
{
    json_t *result = NULL;
    rj_client_options options = {.loop = cli->loop,
                                 .socket_path = rj_path(cli->paths, RJ_PATH_SOCKET)};
    if (rj_client_connect(&options, &cli->client, NULL) != RJ_OK)
        return NULL;
    if (rj_client_call(cli->client, "version", NULL, RJ_CLI_DEADLINE_MS, &result, NULL, NULL) !=
        RJ_OK)
        rj_cli_disconnect(cli);
    return result;
}

/* ---- status ---------------------------------------------------------------------------------- */

static void show_plugins(rj_output *out, const json_t *plugins)
{
    rj_table *table = rj_table_new(4);
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *plugin = json_array_get(plugins, i);
        const char *state = text_of(plugin, "state");
        bool ready = strcmp(state, "ready") == 0;
        rj_table_add(table, ready ? RJ_STYLE_GOOD : RJ_STYLE_BAD, state);
        rj_table_add(table, RJ_STYLE_STRONG, text_of(plugin, "id"));
        rj_table_add(table, RJ_STYLE_NONE, text_of(plugin, "version"));
        rj_table_add(table, RJ_STYLE_FAINT, text_of(plugin, "reason"));
    }
    rj_table_print(table, out);
}

static int show_status(rj_cli *cli)
{
    json_t *version = NULL, *plugins = NULL;
    int code = rj_cli_ask(cli, "version", NULL, &version);
    if (code != RJ_EXIT_OK)
        return code;
    rj_client_call(cli->client, "plugins", NULL, RJ_CLI_DEADLINE_MS, &plugins, NULL, NULL);
    json_t *list = json_object_get(plugins, "plugins");
    if (cli->json) {
        json_object_set(version, "plugins", list);
        rj_say_json(&cli->out, version);
    } else {
        char started[48];
        rj_say(&cli->out, RJ_STYLE_GOOD, "running");
        rj_say(&cli->out, RJ_STYLE_NONE, "  realmjoinservice %s, pid %lld, started %s\n",
               rj_clean(&cli->out, text_of(version, "version")),
               (long long)json_integer_value(json_object_get(version, "pid")),
               rj_cli_when(text_of(version, "started"), started, sizeof started));
        show_plugins(&cli->out, list);
    }
    json_decref(plugins);
    json_decref(version);
    return RJ_EXIT_OK;
}

/* ---- start ----------------------------------------------------------------------------------- */

/* Beside this program (also in its build folder), or where the package puts it. */
static rj_status find_service(char **ret_path, rj_error *err)
{
    char *folder = NULL;
    rj_status status = rj_program_folder(&folder, err);
    if (status != RJ_OK)
        return status;
    status = RJ_E_NOT_FOUND;
    for (size_t i = 0; rj_program_service_places[i] && status != RJ_OK; i++) {
        size_t size = strlen(folder) + strlen(rj_program_service_places[i]) + 2;
        char *path = rj_malloc(size);
        if (!path) {
            status = rj_fail_memory(err, "looking for the service");
            break;
        }
        snprintf(path, size, "%s/%s", folder, rj_program_service_places[i]);
        if (rj_file_exists(path)) {
            *ret_path = path;
            status = RJ_OK;
        } else {
            rj_free(path);
        }
    }
    if (status == RJ_E_NOT_FOUND)
        rj_fail(err, status, "realmjoinservice is not installed near %s", folder);
    rj_free(folder);
    return status;
}

static bool has_stopped(void)
{
    rj_service_state state = RJ_SERVICE_RUNS;
    return rj_service_control_query(&state, NULL) == RJ_OK && state == RJ_SERVICE_STOPPED;
}

static int fail_start(rj_cli *cli, const char *text)
{
    rj_error error = RJ_ERROR_NONE;
    char *folder = rj_program_service_log(cli->root);
    rj_fail(&error, RJ_E_FAILED, "%s; its log is in %s", text, folder ? folder : "its folder");
    rj_free(folder);
    return rj_cli_fail(cli, RJ_E_FAILED, &error);
}

/* `service` NULL: the service manager has started it. */
static int wait_until_answers(rj_cli *cli, rj_program *service, json_t **ret_version)
{
    uint64_t begin = rj_clock_monotonic_ms();
    int code;
    while (rj_clock_monotonic_ms() - begin < START_LIMIT_MS) {
        *ret_version = ask_version(cli);
        if (*ret_version)
            return RJ_EXIT_OK;
        if (service ? rj_program_has_ended(service, &code) : has_stopped())
            return fail_start(cli, "the service ended at once");
        rj_cli_pause(cli, POLL_MS);
    }
    return fail_start(cli, "the service was started and does not answer");
}

static int say_running(rj_cli *cli, json_t *version, const char *word)
{
    if (cli->json)
        rj_say_json(&cli->out, version);
    else
        rj_say(&cli->out, RJ_STYLE_NONE, "The service %s, pid %lld.\n", word,
               (long long)json_integer_value(json_object_get(version, "pid")));
    json_decref(version);
    return RJ_EXIT_OK;
}

static int start(rj_cli *cli)
{
    rj_error error = RJ_ERROR_NONE;
    int code = rj_cli_make_loop(cli);
    if (code != RJ_EXIT_OK)
        return code;
    json_t *version = ask_version(cli);
    if (version)
        return say_running(cli, version, "is running already");
    rj_status managed = cli->root ? RJ_E_NOT_APPLICABLE : rj_service_control_start(&error);
    if (managed == RJ_OK) {
        code = wait_until_answers(cli, NULL, &version);
        return code == RJ_EXIT_OK ? say_running(cli, version, "runs") : code;
    }
    if (managed != RJ_E_NOT_APPLICABLE && managed != RJ_E_NOT_FOUND)
        return rj_cli_fail(cli, managed, &error);
    if (!rj_system_is_root()) {
        rj_fail(&error, RJ_E_DENIED, "%s", rj_refusal_admin_only);
        return rj_cli_fail(cli, RJ_E_DENIED, &error);
    }
    char *path = NULL;
    rj_program *service = NULL;
    rj_status status = find_service(&path, &error);
    if (status == RJ_OK) {
        const char *arguments[] = {path, cli->root ? "--root" : NULL, cli->root, NULL};
        status = rj_program_start(path, arguments, &service, &error);
    }
    rj_free(path);
    if (status != RJ_OK) {
        rj_cli_fail(cli, status, &error);
        return RJ_EXIT_FAILED;
    }
    code = wait_until_answers(cli, service, &version);
    rj_program_forget(service);
    return code == RJ_EXIT_OK ? say_running(cli, version, "runs") : code;
}

/* ---- stop ------------------------------------------------------------------------------------ */

typedef struct ending {
    rj_cli *cli;
    bool gone, late;
} ending;

static void on_gone(void *data, const char *why)
{
    ending *self = data;
    (void)why;
    self->gone = true;
    rj_loop_stop(self->cli->loop);
}

static void on_late(void *data)
{
    ending *self = data;
    self->late = true;
    rj_loop_stop(self->cli->loop);
}

static int wait_until_gone(rj_cli *cli, ending *self)
{
    rj_timer *timer = NULL;
    rj_error error = RJ_ERROR_NONE;
    if (rj_timer_start(cli->loop, STOP_LIMIT_MS, 0, on_late, self, &timer, &error) != RJ_OK)
        return rj_cli_fail(cli, RJ_E_NO_MEMORY, &error);
    while (!self->gone && !self->late)
        rj_loop_run(cli->loop);
    rj_timer_stop(timer);
    if (!self->gone) {
        rj_fail(&error, RJ_E_FAILED, "the service was asked to stop and still runs");
        return rj_cli_fail(cli, RJ_E_FAILED, &error);
    }
    return RJ_EXIT_OK;
}

/* Through the service manager: it says when the service is gone. */
static int stop_managed(rj_cli *cli)
{
    rj_error error = RJ_ERROR_NONE;
    uint64_t end = rj_clock_monotonic_ms() + STOP_LIMIT_MS;
    while (!has_stopped() && rj_clock_monotonic_ms() < end)
        rj_cli_pause(cli, POLL_MS);
    if (has_stopped()) {
        rj_say(&cli->out, RJ_STYLE_NONE, cli->json ? "{}\n" : "The service has stopped.\n");
        return RJ_EXIT_OK;
    }
    rj_fail(&error, RJ_E_FAILED, "the service was asked to stop and still runs");
    return rj_cli_fail(cli, RJ_E_FAILED, &error);
}

static int stop(rj_cli *cli)
{
    ending self = {.cli = cli};
    rj_error error = RJ_ERROR_NONE;
    int code = rj_cli_make_loop(cli);
    if (code != RJ_EXIT_OK)
        return code;
    rj_status managed = cli->root ? RJ_E_NOT_APPLICABLE : rj_service_control_stop(&error);
    if (managed == RJ_OK)
        return stop_managed(cli);
    if (managed == RJ_E_DENIED)
        return rj_cli_fail(cli, managed, &error);
    rj_client_options options = {.loop = cli->loop,
                                 .socket_path = rj_path(cli->paths, RJ_PATH_SOCKET),
                                 .lost = on_gone,
                                 .data = &self};
    const char *words = "The service is not running.";
    if (rj_client_connect(&options, &cli->client, NULL) == RJ_OK) {
        json_t *result = NULL;
        code = rj_cli_ask(cli, "service.stop", NULL, &result);
        json_decref(result);
        if (code == RJ_EXIT_OK)
            code = wait_until_gone(cli, &self);
        words = "The service has stopped.";
    }
    rj_cli_disconnect(cli); /* before `self` goes */
    if (code == RJ_EXIT_OK && cli->json)
        rj_say(&cli->out, RJ_STYLE_NONE, "{}\n");
    else if (code == RJ_EXIT_OK)
        rj_say(&cli->out, RJ_STYLE_NONE, "%s\n", words);
    return code;
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    const char *what = arguments->operands[0];
    cli->stay_down = true; /* this command says itself what is to be done with the service */
    if (strcmp(what, "status") == 0)
        return show_status(cli);
    if (strcmp(what, "start") == 0)
        return start(cli);
    if (strcmp(what, "stop") == 0)
        return stop(cli);
    return rj_cli_fail_usage(cli, "service", "it is `service status`, `start` or `stop`");
}

const rj_command rj_command_service = {
    .name = "service",
    .synopsis = "status | start | stop",
    .summary = "look at, start or stop the service",
    .help = "status  exits with 3 when the service is not running; lists its plugins\n"
            "start   starts it in the background when it is not running (administrators)\n"
            "stop    ends it; what is being installed is completed or undone at the next start\n"
            "        (administrators)\n",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
