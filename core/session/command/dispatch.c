/* SPDX-License-Identifier: MIT */
/* See dispatch.h. */
#include "session/command/dispatch.h"
#include "base/alloc.h"
#include "base/log.h"
#include "engine/policy.h"
#include "platform/file.h"
#include "platform/system.h"
#include "session/command/command.h"
#include "session/command/link_arguments.h"
#include "session/instance.h"
#include "session/notice.h"
#include "session/program.h"
#include "session/ui/refusal.h"
#include <stdio.h>
#include <string.h>

#define TRAY_LIMIT_MS 15000u
#define POLL_MS 100u

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

/* In the person's language; the whole sentence is on stderr, and of a bad link in the log. */
static void show_failure(const rj_cli *cli, int code, const char *link)
{
    const rj_texts *texts = rj_texts_own();
    const rj_ui_refusal why = {cli->failure_status, true, cli->failure};
    bool refused = code == RJ_EXIT_USAGE || code == RJ_EXIT_REFUSED;
    rj_link_verb verb;
    char id[132] = "";
    if (rj_link_parse(link, strlen(link), &verb, id, NULL) != RJ_OK)
        id[0] = '\0';
    char *heading = refused ? rj_texts_make(texts, "job.failed.link", NULL) : NULL;
    char *reason = rj_ui_refusal_reason(texts, &why, id);
    char *next = refused || code == RJ_EXIT_NO_SERVICE ? rj_ui_refusal_next(texts, &why) : NULL;
    rj_notice_show(heading, reason, next);
    rj_free(heading);
    rj_free(reason);
    rj_free(next);
}

static bool is_link(const char *text)
{
    rj_link_verb verb;
    char id[132] = "";
    return rj_link_parse(text, strlen(text), &verb, id, NULL) == RJ_OK;
}

static rj_status start_tray(const rj_cli *cli, rj_program **ret_tray)
{
    char *path = NULL;
    rj_status status = rj_program_own_path(&path, NULL);
    char *name = status == RJ_OK ? rj_path_native(path) : NULL;
    const char *const plain[] = {name, "tray", NULL};
    const char *const rooted[] = {name, "--root", cli->root, "tray", NULL};
    if (name)
        status = rj_program_start(path, cli->root ? rooted : plain, ret_tray, NULL);
    else if (status == RJ_OK)
        status = RJ_E_NO_MEMORY;
    rj_free(name);
    rj_free(path);
    return status;
}

/* The person sees in the tray what becomes of it; where nobody looks at a terminal, one is started for it. */
static bool tray_takes(rj_cli *cli, const char *link)
{
    const char *root = rj_paths_root(cli->paths);
    rj_program *tray = NULL;
    int code = 0;
    bool taken = rj_instance_forward(root, link, NULL) == RJ_OK;
    if (taken || !rj_notice_is_needed() || !is_link(link) || rj_cli_make_loop(cli) != RJ_EXIT_OK ||
        start_tray(cli, &tray) != RJ_OK)
        return taken;
    for (unsigned waited = 0; waited < TRAY_LIMIT_MS && !taken; waited += POLL_MS) {
        rj_cli_pause(cli, POLL_MS);
        taken = rj_instance_forward(root, link, NULL) == RJ_OK;
        if (!taken && rj_program_has_ended(tray, &code) && code != RJ_EXIT_OK)
            break; /* RJ_EXIT_OK: it has started itself once more, with less rights */
    }
    rj_program_forget(tray);
    return taken;
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
    else if (!tray_takes(cli, arguments[0]))
        code = rj_command_link.run(cli, &link);
    if (code == RJ_EXIT_USAGE)
        log_refusal(cli);
    if (code != RJ_EXIT_OK)
        show_failure(cli, code, arguments[0]);
    return code;
}

/* An option that stands for a command; NULL: none. */
static const rj_command *command_of_option(const char *option)
{
    if (strcmp(option, "--version") == 0)
        return &rj_command_version;
    return strcmp(option, "--dump-menu") == 0 ? &rj_command_menu : NULL;
}

static int dispatch(rj_cli *cli, int count, const char *const *arguments)
{
    rj_error error = RJ_ERROR_NONE;
    rj_arguments none;
    int used = 0;
    rj_link_line line = rj_link_line_of(count, arguments);
    if (line != RJ_LINK_LINE_NONE) /* before any of it is read as an option */
        return follow_link(cli, line, arguments);
    const rj_command *meant = count > 0 ? command_of_option(arguments[count - 1]) : NULL;
    count -= meant != NULL;
    rj_status status = rj_arguments_read(cli, NULL, count, arguments, &none, &used, &error);
    rj_output_init(&cli->out, stdout, cli->plain);
    if (status != RJ_OK)
        return rj_cli_fail_usage(cli, NULL, error.text);
    if (meant && used == count) {
        cli->json |= meant == &rj_command_menu;
        cli->stay_down |= meant == &rj_command_menu; /* a look at what is there */
        return run_command(cli, meant, 0, NULL);
    }
    count += meant != NULL;
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

int rj_dispatch(int argc, char **argv)
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
