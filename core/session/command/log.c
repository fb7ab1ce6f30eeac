/* SPDX-License-Identifier: MIT */
/* realmjoin log: the service's log, or as much of it as the caller may see. */
#include "base/json.h"
#include "session/command/command.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LINES, FOLLOW };

static const rj_option options[] = {
    {"--lines", 'n', "N", "so many of the last lines (1 to 2000, default 50)"},
    {"--follow", 'f', NULL, "go on with new lines until interrupted"},
    {NULL, 0, NULL, NULL},
};

typedef struct follower {
    rj_cli *cli;
    bool done, lost;
} follower;

static rj_style style_of(const char *line)
{
    if (strstr(line, "|ERROR"))
        return RJ_STYLE_BAD;
    return strstr(line, "|WARN") ? RJ_STYLE_CARE : RJ_STYLE_NONE;
}

static void show_line(rj_cli *cli, const char *line)
{
    if (!line)
        return;
    if (cli->json) { /* one JSON text a line, so that a pipe can read it */
        json_t *text = json_string(line);
        char *bytes = json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        rj_say(&cli->out, RJ_STYLE_NONE, "%s\n", bytes ? bytes : "");
        free(bytes);
        json_decref(text);
    } else {
        rj_say(&cli->out, style_of(line), "%s\n", rj_clean(&cli->out, line));
    }
}

static void on_notified(void *data, const char *method, const json_t *params)
{
    follower *self = data;
    const json_t *document = json_object_get(params, "document");
    if (strcmp(method, "event") != 0)
        return;
    show_line(self->cli, json_string_value(json_object_get(document, "line")));
    if (fflush(self->cli->out.stream) != 0) {
        self->done = true;
        rj_loop_stop(self->cli->loop);
    }
}

static void on_lost(void *data, const char *why)
{
    follower *self = data;
    (void)why;
    self->lost = true;
    rj_loop_stop(self->cli->loop);
}

static void on_interrupt(void *data)
{
    follower *self = data;
    self->done = true;
    rj_loop_stop(self->cli->loop);
}

static int follow(follower *self)
{
    rj_watch *interrupt = NULL, *terminate = NULL;
    json_t *result = NULL;
    int code = rj_cli_ask(self->cli, "subscribe", json_pack("{s:[s]}", "topics", "log"), &result);
    json_decref(result);
    if (code != RJ_EXIT_OK)
        return code;
    rj_watch_signal(self->cli->loop, SIGINT, on_interrupt, self, &interrupt, NULL);
    rj_watch_signal(self->cli->loop, SIGTERM, on_interrupt, self, &terminate, NULL);
    while (!self->done && !self->lost)
        rj_loop_run(self->cli->loop);
    rj_watch_stop(interrupt);
    rj_watch_stop(terminate);
    if (!self->lost)
        return RJ_EXIT_OK;
    rj_say_error(&self->cli->out, "the service ended");
    return RJ_EXIT_NO_SERVICE;
}

static int read_lines(rj_cli *cli, const char *text, int *ret_lines)
{
    char *end = NULL;
    long lines = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || lines < 1 || lines > 2000)
        return rj_cli_fail_usage(cli, "log", "--lines takes a number from 1 to 2000");
    *ret_lines = (int)lines;
    return RJ_EXIT_OK;
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    int lines = 50;
    int code =
        arguments->values[LINES] ? read_lines(cli, arguments->values[LINES], &lines) : RJ_EXIT_OK;
    if (code != RJ_EXIT_OK)
        return code;
    follower self = {.cli = cli};
    json_t *result = NULL;
    code = rj_cli_connect(cli, on_notified, on_lost, &self);
    if (code == RJ_EXIT_OK)
        code = rj_cli_ask(cli, "log", json_pack("{s:i}", "lines", lines), &result);
    const json_t *shown = json_object_get(result, "lines");
    bool follows = arguments->values[FOLLOW] != NULL;
    if (code == RJ_EXIT_OK && cli->json && !follows)
        rj_say_json(&cli->out, result);
    else if (code == RJ_EXIT_OK) {
        for (size_t i = 0; i < json_array_size(shown); i++)
            show_line(cli, json_string_value(json_array_get(shown, i)));
    }
    json_decref(result);
    fflush(cli->out.stream);
    if (code == RJ_EXIT_OK && follows)
        code = follow(&self);
    rj_cli_disconnect(cli); /* before `self` goes */
    return code;
}

const rj_command rj_command_log = {
    .name = "log",
    .synopsis = "[-n N] [--follow]",
    .summary = "show the log of the service",
    .help = "An administrator sees all of it, a user the lines of what they asked for since the "
            "service\n"
            "started.  With --json and --follow each line is one JSON text.\n",
    .options = options,
    .run = run,
};
