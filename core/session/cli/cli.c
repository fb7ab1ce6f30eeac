/* SPDX-License-Identifier: MIT */
/* See cli.h. */
#include "session/cli/cli.h"
#include "platform/system.h"
#include "session/cli/on_demand.h"
#include <stdio.h>

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
    cli->failure_status = status;
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
    rj_status status = rj_on_demand_connect(cli, &options, NULL, &cli->client, &error);
    if (status == RJ_OK)
        return RJ_EXIT_OK;
    rj_cli_fail(cli, status, &error);
    cli->failure_status = RJ_E_NOT_STARTED; /* whatever the connection says: nobody was asked */
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
