/* SPDX-License-Identifier: MIT */
/* What every command of `realmjoin` works with: options, paths, output, the connection. */
#ifndef RJ_SESSION_CLI_CLI_H
#define RJ_SESSION_CLI_CLI_H

#include "base/status.h"
#include "ipc/client.h"
#include "platform/paths.h"
#include "runtime/loop.h"
#include "session/cli/exit_codes.h"
#include "session/cli/output.h"

typedef struct rj_cli {
    const char *program; /* argv[0] */
    const char *root;    /* NULL: the real system */
    char *environment_root;
    bool json, plain, help;
    bool stay_down;              /* a service that does not run is not started for this command */
    char failure[RJ_ERROR_TEXT]; /* the last one that was told */
    rj_status failure_status;
    bool left_running; /* a plugin still uses the loop and the paths: they are not freed */
    rj_output out;
    rj_paths *paths; /* of the session role */
    rj_loop *loop;   /* made with the first connection */
    rj_client *client;
} rj_cli;

/* The longest a question that the service answers at once may take. */
#define RJ_CLI_DEADLINE_MS 20000

/* Exit code RJ_EXIT_USAGE, with `text` and where to find help. */
int rj_cli_fail_usage(rj_cli *cli, const char *command, const char *text);
/* Prints the error and gives the exit code that belongs to the status. */
int rj_cli_fail(rj_cli *cli, rj_status status, const rj_error *error);
int rj_cli_exit_code(rj_status status);

/* 0, or the exit code; then the error is printed. */
int rj_cli_make_loop(rj_cli *cli);
int rj_cli_connect(rj_cli *cli,
                   void (*notified)(void *data, const char *method, const json_t *params),
                   void (*lost)(void *data, const char *why), void *data);
/* Connects if needed; `params` is taken. */
int rj_cli_ask(rj_cli *cli, const char *method, json_t *params, json_t **ret_result);
/* The same for answers in pages: all pages' "packages" in one document. */
int rj_cli_ask_pages(rj_cli *cli, const char *method, json_t **ret_result);
void rj_cli_disconnect(rj_cli *cli);
void rj_cli_pause(rj_cli *cli, uint64_t time_ms); /* with a loop; it goes on meanwhile */

/* "3 min ago", "in 27 min", or "never", from a time of docs/ipc.md; returns ret_text. */
const char *rj_cli_when(const char *time, char *ret_text, size_t size);

#endif
