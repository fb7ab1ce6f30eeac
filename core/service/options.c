/* SPDX-License-Identifier: MIT */
/* The command line of realmjoinservice. */
#include "base/alloc.h"
#include "platform/paths.h"
#include "platform/system.h"
#include "service/service.h"
#include "service/service_main.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: realmjoinservice [OPTIONS]\n"
    "\n"
    "The RealmJoin agent's service: installs on this machine what its policy assigns.\n"
    "It stays in the foreground; a service manager, or `realmjoin service start`, runs it.\n"
    "\n"
    "  --root DIR         put every path of the agent below DIR (for tests and trials)\n"
    "  --plugins DIR      take the built-in plugins from DIR\n"
    "  --foreground       write the log to stderr, too\n"
    "  --log-level LEVEL  error, warning, info (default) or debug\n"
    "  --kill-at N        with --root only: kill the service at its N-th durable write\n"
    "  --version          print the version\n"
    "  --help             print this text\n"
    "\n"
    "--root, --plugins and RJ_ROOT are refused when a service manager started the service.\n"
    "\n"
    "%s"
    "\n"
    "Exit codes: 0 ended as asked, 1 failed, 2 wrong usage, 3 another instance is running.\n";

void rj_service_print_help(FILE *out)
{
    fprintf(out, help, rj_service_manager_help());
}

static rj_status read_level(const char *word, int *ret_level, rj_error *err)
{
    static const struct {
        const char *word;
        int level;
    } levels[] = {{"error", RJ_LOG_ERROR},
                  {"warning", RJ_LOG_WARNING},
                  {"info", RJ_LOG_INFO},
                  {"debug", RJ_LOG_DEBUG}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(levels[i].word, word) == 0) {
            *ret_level = levels[i].level;
            return RJ_OK;
        }
    }
    return rj_fail(err, RJ_E_INVALID,
                   "--log-level is one of error, warning, info, debug; not \"%s\"", word);
}

static rj_status read_count(const char *word, unsigned *ret_count, rj_error *err)
{
    char *end = NULL;
    unsigned long value = strtoul(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end || value == 0 || value > 1000000)
        return rj_fail(err, RJ_E_INVALID, "--kill-at takes a number from 1 to 1000000, not \"%s\"",
                       word);
    *ret_count = (unsigned)value;
    return RJ_OK;
}

static rj_status read_option(const char *name, const char *value, rj_service_options *options,
                             rj_error *err)
{
    if (!value)
        return rj_fail(err, RJ_E_INVALID, "%s needs a value; see --help", name);
    if (strcmp(name, "--root") == 0)
        options->root = value;
    else if (strcmp(name, "--plugins") == 0)
        options->plugins = value;
    else if (strcmp(name, "--log-level") == 0)
        return read_level(value, &options->log_level, err);
    else
        return read_count(value, &options->kill_at, err);
    return RJ_OK;
}

static bool takes_value(const char *name)
{
    return strcmp(name, "--root") == 0 || strcmp(name, "--plugins") == 0 ||
           strcmp(name, "--log-level") == 0 || strcmp(name, "--kill-at") == 0;
}

static bool has_root_variable(void)
{
    char *root = rj_system_environment("RJ_ROOT");
    bool set = root != NULL;
    rj_free(root);
    return set;
}

static rj_status check_options(const rj_service_options *options, rj_error *err)
{
    if (options->kill_at && !options->root)
        return rj_fail(err, RJ_E_INVALID, "--kill-at is only for tests, with --root");
    if ((options->service || options->remove_data || options->end_sessions) &&
        !rj_service_knows_manager())
        return rj_fail(
            err, RJ_E_INVALID,
            "--service, --remove-data and --end-sessions are for Windows; here the system's "
            "packages and service manager do that");
    if (options->service && (options->foreground || options->remove_data || options->end_sessions))
        return rj_fail(err, RJ_E_INVALID,
                       "--service stands for a run by the service manager; --foreground, "
                       "--remove-data and --end-sessions do not go with it");
    if (options->end_sessions && (options->remove_data || options->root || options->plugins))
        return rj_fail(err, RJ_E_INVALID,
                       "--end-sessions ends the programs of its own folder; --remove-data, --root "
                       "and --plugins do not go with it");
    if (options->root && !rj_path_is_absolute(options->root))
        return rj_fail(err, RJ_E_INVALID, "--root needs an absolute folder, not \"%s\"",
                       options->root);
    if ((options->service || rj_system_is_installed_service()) &&
        (options->root || options->plugins || has_root_variable()))
        return rj_fail(err, RJ_E_INVALID,
                       "--root, --plugins and RJ_ROOT are refused in an installed service");
    return RJ_OK;
}

rj_status rj_service_read_options(int count, char **arguments, rj_service_options *ret_options,
                                  rj_error *err)
{
    rj_service_options options = {.log_level = RJ_LOG_INFO};
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--foreground") == 0) {
            options.foreground = true;
        } else if (strcmp(name, "--service") == 0) {
            options.service = true;
        } else if (strcmp(name, "--remove-data") == 0) {
            options.remove_data = true;
        } else if (strcmp(name, "--end-sessions") == 0) {
            options.end_sessions = true;
        } else if (strcmp(name, "--help") == 0) {
            options.show_help = true;
        } else if (strcmp(name, "--version") == 0) {
            options.show_version = true;
        } else if (takes_value(name)) {
            rj_status status =
                read_option(name, i + 1 < count ? arguments[i + 1] : NULL, &options, err);
            if (status != RJ_OK)
                return status;
            i++;
        } else {
            return rj_fail(err, RJ_E_INVALID, "unknown argument \"%s\"; see --help", name);
        }
    }
    rj_status status = check_options(&options, err);
    if (status == RJ_OK)
        *ret_options = options;
    return status;
}
