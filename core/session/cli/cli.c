/* SPDX-License-Identifier: MIT */
/* From the command line to a command, and what commands share. */
#include "session/cli/cli.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "platform/file.h"
#include "platform/system.h"
#include "session/cli/on_demand.h"
#include "session/command/command.h"
#include "session/command/link_arguments.h"
#include "session/instance.h"
#include "session/notice.h"
#include "session/ui/texts.h"
#include <stdlib.h>
#include <string.h>

/* ---- Errors ---------------------------------------------------------------------------------- */

int rj_cli_exit_code(rj_status status)
{
    switch (status) {
    case RJ_OK:
        return RJ_EXIT_OK;
    case RJ_E_INVALID:
    case RJ_E_LIMIT:
        return RJ_EXIT_USAGE;
    case RJ_E_NOT_STARTED:
    case RJ_E_TIMEOUT:
        return RJ_EXIT_NO_SERVICE;
    case RJ_E_NOT_FOUND:
    case RJ_E_DENIED:
        return RJ_EXIT_REFUSED;
    case RJ_E_BUSY:
        return RJ_EXIT_HELD;
    default:
        return RJ_EXIT_FAILED;
    }
}

int rj_cli_fail(rj_cli *cli, rj_status status, const rj_error *error)
{
    if (cli->json) {
        json_t *document = json_pack("{s:{s:s, s:s}}", "error", "status", rj_status_name(status),
                                     "message", error->text);
        rj_say_json(&cli->out, document);
        json_decref(document);
    }
    rj_say_error(&cli->out, error->text);
    snprintf(cli->failure, sizeof cli->failure, "%s", error->text);
    return rj_cli_exit_code(status);
}

int rj_cli_fail_usage(rj_cli *cli, const char *command, const char *text)
{
    rj_error error = RJ_ERROR_NONE;
    rj_fail(&error, RJ_E_INVALID, "%s; see `realmjoin %s%s--help`", text, command ? command : "",
            command ? " " : "");
    return rj_cli_fail(cli, RJ_E_INVALID, &error);
}

/* ---- The service ----------------------------------------------------------------------------- */

int rj_cli_make_loop(rj_cli *cli)
{
    rj_error error = RJ_ERROR_NONE;
    if (cli->loop)
        return RJ_EXIT_OK;
    rj_status status = rj_loop_new(&cli->loop, &error);
    return status == RJ_OK ? RJ_EXIT_OK : rj_cli_fail(cli, status, &error);
}

int rj_cli_connect(rj_cli *cli,
                   void (*notified)(void *data, const char *method, const json_t *params),
                   void (*lost)(void *data, const char *why), void *data)
{
    int code = rj_cli_make_loop(cli);
    if (code != RJ_EXIT_OK)
        return code;
    rj_error error = RJ_ERROR_NONE;
    rj_client_options options = {.loop = cli->loop,
                                 .socket_path = rj_path(cli->paths, RJ_PATH_SOCKET),
                                 .notified = notified,
                                 .lost = lost,
                                 .data = data};
    rj_status status = rj_on_demand_connect(cli, &options, &cli->client, &error);
    if (status == RJ_OK)
        return RJ_EXIT_OK;
    rj_cli_fail(cli, status, &error);
    return RJ_EXIT_NO_SERVICE;
}

int rj_cli_ask(rj_cli *cli, const char *method, json_t *params, json_t **ret_result)
{
    if (!cli->client) {
        int code = rj_cli_connect(cli, NULL, NULL, NULL);
        if (code != RJ_EXIT_OK) {
            json_decref(params);
            return code;
        }
    }
    rj_error error = RJ_ERROR_NONE;
    rj_status status =
        rj_client_call(cli->client, method, params, RJ_CLI_DEADLINE_MS, ret_result, NULL, &error);
    return status == RJ_OK ? RJ_EXIT_OK : rj_cli_fail(cli, status, &error);
}

int rj_cli_ask_pages(rj_cli *cli, const char *method, json_t **ret_result)
{
    json_t *whole = NULL;
    int code = rj_cli_ask(cli, method, NULL, &whole);
    if (code != RJ_EXIT_OK)
        return code;
    json_int_t next = json_integer_value(json_object_get(whole, "next"));
    while (next > 0) {
        json_t *page = NULL;
        code = rj_cli_ask(cli, method, json_pack("{s:I}", "offset", next), &page);
        if (code != RJ_EXIT_OK) {
            json_decref(whole);
            return code;
        }
        json_array_extend(json_object_get(whole, "packages"), json_object_get(page, "packages"));
        json_int_t following = json_integer_value(json_object_get(page, "next"));
        json_decref(page);
        next = following > next ? following : 0;
    }
    json_object_del(whole, "next");
    *ret_result = whole;
    return RJ_EXIT_OK;
}

void rj_cli_disconnect(rj_cli *cli)
{
    rj_client_close(cli->client);
    cli->client = NULL;
}

/* ---- Times ----------------------------------------------------------------------------------- */

/* Days since 1970 of a day of the Gregorian calendar; years begin with March here. */
static long long days_of(int year, int month, int day)
{
    long long y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
    long long of_era = y - era * 400;
    long long of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool read_time(const char *text, long long *ret_seconds)
{
    int year, month, day, hour, minute, second;
    if (!text ||
        sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6)
        return false;
    *ret_seconds = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

const char *rj_cli_when(const char *text, char *ret_text, size_t size)
{
    long long then;
    if (!read_time(text, &then)) {
        snprintf(ret_text, size, "never");
        return ret_text;
    }
    long long away = then - rj_clock_wall_ms() / 1000;
    long long span = away < 0 ? -away : away;
    const char *unit = "s";
    if (span < 3) {
        snprintf(ret_text, size, "just now");
        return ret_text;
    }
    if (span >= 2 * 86400) {
        span /= 86400;
        unit = "days";
    } else if (span >= 2 * 3600) {
        span /= 3600;
        unit = "h";
    } else if (span >= 60) {
        span /= 60;
        unit = "min";
    }
    if (away < 0)
        snprintf(ret_text, size, "%lld %s ago", span, unit);
    else
        snprintf(ret_text, size, "in %lld %s", span, unit);
    return ret_text;
}

/* ---- Run ------------------------------------------------------------------------------------- */

static int make_paths(rj_cli *cli)
{
    rj_error error = RJ_ERROR_NONE;
    if (!cli->root) {
        cli->environment_root = rj_system_environment("RJ_ROOT");
        if (cli->environment_root && cli->environment_root[0])
            cli->root = cli->environment_root;
        if (cli->root && !rj_system_environment_is_trusted())
            return rj_cli_fail_usage(cli, NULL,
                                     "an elevated program takes no RJ_ROOT from its environment; "
                                     "remove it, or say --root");
    }
    if (cli->root && rj_system_is_installed_service())
        return rj_cli_fail_usage(cli, NULL,
                                 "--root and RJ_ROOT are refused in an installed service");
    if (cli->root && !rj_path_is_absolute(cli->root))
        return rj_cli_fail_usage(cli, NULL, "--root needs an absolute folder");
    rj_status status = rj_paths_new(RJ_ROLE_SESSION, cli->root, NULL, &cli->paths, &error);
    return status == RJ_OK ? RJ_EXIT_OK : rj_cli_fail(cli, status, &error);
}

static int run_command(rj_cli *cli, const rj_command *command, int count,
                       const char *const *arguments)
{
    rj_error error = RJ_ERROR_NONE;
    rj_arguments read;
    int used;
    rj_status status = rj_arguments_read(cli, command, count, arguments, &read, &used, &error);
    rj_output_init(&cli->out, stdout, cli->plain);
    if (status != RJ_OK)
        return rj_cli_fail_usage(cli, command->name, error.text);
    if (cli->help) {
        rj_arguments topic = {.operands = {command->name}, .operand_count = 1};
        return rj_command_help.run(cli, &topic);
    }
    int code = make_paths(cli);
    return code == RJ_EXIT_OK ? command->run(cli, &read) : code;
}

/* Refused links are kept in the user's own log: whoever sent them is not there to be asked. */
static void log_refusal(rj_cli *cli)
{
    const char *folder = cli->paths ? rj_path(cli->paths, RJ_PATH_LOG) : NULL;
    if (!folder || rj_dir_make(folder, 0700, NULL) != RJ_OK ||
        rj_log_open(folder, "links", NULL) != RJ_OK)
        return;
    rj_log(RJ_LOG_WARNING, "session.link", NULL, "%s", cli->failure);
    rj_log_close();
}

/* In the person's language around the sentence that says why. */
static void show_failure(const rj_cli *cli, int code)
{
    char *wishes = rj_texts_wishes();
    const rj_texts *texts = rj_texts_for(wishes);
    bool refused = code == RJ_EXIT_USAGE || code == RJ_EXIT_REFUSED;
    char *heading = refused ? rj_texts_make(texts, "work.failed.link", NULL) : NULL;
    char *next = refused                      ? rj_texts_make(texts, "work.next.link", NULL)
                 : code == RJ_EXIT_NO_SERVICE ? rj_texts_make(texts, "work.next.service", NULL)
                                              : NULL;
    rj_notice_show(heading,
                   cli->failure[0] ? cli->failure : "That did not work; `realmjoin log` says why.",
                   next);
    rj_free(heading);
    rj_free(next);
    rj_free(wishes);
}

/* Called by a browser or the desktop: nobody looks at a terminal, and the text is from anywhere. */
static int follow_link(rj_cli *cli, rj_link_line line, const char *const *arguments)
{
    rj_arguments link = {.operands = {arguments[0]}, .operand_count = 1};
    int code = make_paths(cli);
    if (code != RJ_EXIT_OK)
        return code;
    if (line == RJ_LINK_LINE_REFUSED)
        code = rj_cli_fail_usage(cli, "link",
                                 "link refused: a link stands alone: unexpected argument");
    else if (rj_instance_forward(rj_paths_root(cli->paths), arguments[0], NULL) != RJ_OK)
        code = rj_command_link.run(cli, &link);
    if (code == RJ_EXIT_USAGE)
        log_refusal(cli);
    if (code != RJ_EXIT_OK)
        show_failure(cli, code);
    return code;
}

static int dispatch(rj_cli *cli, int count, const char *const *arguments)
{
    rj_error error = RJ_ERROR_NONE;
    rj_arguments none;
    int used = 0;
    rj_link_line line = rj_link_line_of(count, arguments);
    if (line != RJ_LINK_LINE_NONE) /* before any of it is read as an option */
        return follow_link(cli, line, arguments);
    bool dump_menu = count > 0 && strcmp(arguments[count - 1], "--dump-menu") == 0;
    count -= dump_menu;
    rj_status status = rj_arguments_read(cli, NULL, count, arguments, &none, &used, &error);
    rj_output_init(&cli->out, stdout, cli->plain);
    if (status != RJ_OK)
        return rj_cli_fail_usage(cli, NULL, error.text);
    if (dump_menu && used == count) {
        cli->json = true;
        return run_command(cli, &rj_command_menu, 0, NULL);
    }
    count += dump_menu;
    count -= used;
    arguments += used;
    if (count == 0) {
        rj_arguments topic = {.operand_count = 0};
        int code = rj_command_help.run(cli, &topic);
        return cli->help ? code : RJ_EXIT_USAGE;
    }
    const rj_command *command = rj_command_find(arguments[0]);
    if (command)
        return run_command(cli, command, count - 1, arguments + 1);
    rj_fail(&error, RJ_E_INVALID, "unknown command \"%.64s\"", arguments[0]);
    return rj_cli_fail_usage(cli, NULL, error.text);
}

int rj_cli_run(int argc, char **argv)
{
    rj_cli cli = {.program = argv[0]};
    rj_output_init(&cli.out, stdout, false);
    int code = dispatch(&cli, argc - 1, (const char *const *)argv + 1);
    rj_progress_clear(&cli.out);
    rj_cli_disconnect(&cli);
    if (cli.left_running)
        rj_say_error(&cli.out, "ended with a plugin still running");
    if (cli.loop && !cli.left_running)
        rj_loop_free(cli.loop);
    if (!cli.left_running)
        rj_paths_free(cli.paths);
    rj_free(cli.environment_root);
    if (fflush(stdout) != 0 && code == RJ_EXIT_OK)
        code = RJ_EXIT_FAILED; /* nobody read it, or the disk is full */
    return code;
}
