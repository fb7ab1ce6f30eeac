/* SPDX-License-Identifier: MIT */
/* realmjoin status: the device in a few lines, the answer first. */
#include "platform/system.h"
#include "session/command/command.h"
#include <string.h>

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

static long long count_of(const json_t *document, const char *key)
{
    return (long long)json_integer_value(json_object_get(document, key));
}

static void show_head(rj_output *out, const json_t *status)
{
    char last[48], next[48], own[64];
    const char *user = text_of(status, "user"), *rights = "";
    rj_system_own_name(own, sizeof own);
    if (rj_system_is_root() &&
        strcmp(own, user) != 0) { /* one account of several with these rights */
        user = own;
        rights = ", as administrator";
    }
    rj_say(out, RJ_STYLE_STRONG, "%s", rj_clean(out, text_of(status, "device")));
    rj_say(out, RJ_STYLE_NONE, " (%s%s)   realmjoin %s   last sync %s", rj_clean(out, user), rights,
           rj_clean(out, text_of(status, "version")),
           rj_cli_when(text_of(status, "last_sync"), last, sizeof last));
    if (json_object_get(status, "next_sync"))
        rj_say(out, RJ_STYLE_NONE, ", next %s",
               rj_cli_when(text_of(status, "next_sync"), next, sizeof next));
    rj_say(out, RJ_STYLE_NONE, "\n");
}

static void show_policy(rj_output *out, const json_t *policy)
{
    const char *state = text_of(policy, "state");
    long long warnings = count_of(policy, "warnings");
    rj_say(out, RJ_STYLE_NONE, "Policy     ");
    if (strcmp(state, "ok") == 0) {
        char read[48];
        rj_say(out, RJ_STYLE_GOOD, "ok");
        rj_say(out, RJ_STYLE_NONE, "   read %s, revision %.12s",
               rj_cli_when(text_of(policy, "read"), read, sizeof read),
               rj_clean(out, text_of(policy, "revision")));
    } else if (strcmp(state, "none") == 0) {
        rj_say(out, RJ_STYLE_CARE, "none   nothing is assigned to this device yet");
    } else {
        rj_say(out, RJ_STYLE_BAD, "error");
        rj_say(out, RJ_STYLE_NONE, "   %s", rj_clean(out, text_of(policy, "message")));
    }
    if (warnings > 0)
        rj_say(out, RJ_STYLE_CARE, "   %lld warning%s -> realmjoin policy show", warnings,
               warnings == 1 ? "" : "s");
    rj_say(out, RJ_STYLE_NONE, "\n");
}

/* What the policy skips is neither good nor bad. */
static bool is_in_state(const json_t *check, const char *state)
{
    return strcmp(text_of(check, "state"), state) == 0 &&
           strcmp(text_of(check, "enforcement"), "skipped") != 0;
}

static int count_checks(const json_t *checks, const char *state)
{
    int count = 0;
    for (size_t i = 0; i < json_array_size(checks); i++)
        count += is_in_state(json_array_get(checks, i), state);
    return count;
}

static void show_check_group(rj_output *out, const json_t *checks, const char *state,
                             const char *words, rj_style style)
{
    int count = count_checks(checks, state);
    const char *separator = ": ";
    if (count == 0)
        return;
    rj_say(out, style, "   %s %d", words, count);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        if (!is_in_state(check, state))
            continue;
        rj_say(out, RJ_STYLE_NONE, "%s%s", separator, rj_clean(out, text_of(check, "id")));
        separator = ", ";
    }
}

static void show_security(rj_output *out, const json_t *status)
{
    const json_t *checks = json_object_get(status, "checks");
    const json_t *gate = json_object_get(status, "gate");
    rj_say(out, RJ_STYLE_NONE, "Security   ");
    int judged = count_checks(checks, "ok") + count_checks(checks, "not-met") +
                 count_checks(checks, "unknown");
    if (judged == 0)
        rj_say(out, RJ_STYLE_FAINT, "nothing is checked");
    else
        rj_say(out, RJ_STYLE_GOOD, "ok %d", count_checks(checks, "ok"));
    bool closed = json_is_false(json_object_get(gate, "open"));
    show_check_group(out, checks, "not-met", "not met", closed ? RJ_STYLE_BAD : RJ_STYLE_CARE);
    show_check_group(out, checks, "unknown", "unknown", RJ_STYLE_CARE);
    rj_say(out, RJ_STYLE_NONE, "\n");
    if (closed)
        rj_say(out, RJ_STYLE_BAD, "           mandatory software waits: %s\n",
               rj_clean(out, text_of(gate, "reason")));
}

static void show_number(rj_output *out, rj_style style, long long number, const char *word)
{
    if (number > 0)
        rj_say(out, style, "   %lld %s", number, word);
}

static void show_software(rj_output *out, const json_t *status)
{
    const json_t *packages = json_object_get(status, "packages");
    rj_say(out, RJ_STYLE_NONE, "Software   %lld installed", count_of(packages, "installed"));
    show_number(out, RJ_STYLE_CARE, count_of(packages, "outdated"), "outdated");
    show_number(out, RJ_STYLE_NONE, count_of(packages, "wanted"), "to do");
    show_number(out, RJ_STYLE_CARE, count_of(packages, "held"), "waiting");
    show_number(out, RJ_STYLE_BAD, count_of(packages, "failed"), "failed");
    rj_say(out, RJ_STYLE_NONE, "\n");
    if (json_is_true(json_object_get(status, "restart_pending")))
        rj_say(out, RJ_STYLE_CARE, "           a restart is needed\n");
}

static void show_run(rj_output *out, const json_t *status)
{
    const json_t *run = json_object_get(status, "run");
    if (!json_is_object(run))
        return;
    const json_t *permille = json_object_get(run, "permille");
    rj_say(out, RJ_STYLE_STRONG, "Running    ");
    rj_say(out, RJ_STYLE_NONE, "%s %s", rj_clean(out, text_of(run, "step")),
           rj_clean(out, text_of(run, "package")));
    if (json_is_integer(permille) && json_integer_value(permille) >= 0)
        rj_say(out, RJ_STYLE_NONE, " %lld %%", (long long)json_integer_value(permille) / 10);
    if (count_of(run, "total") > 0)
        rj_say(out, RJ_STYLE_NONE, "   %lld of %lld done", count_of(run, "done"),
               count_of(run, "total"));
    rj_say(out, RJ_STYLE_NONE, "\n");
}

/* Allowed is how it is nearly everywhere, and not worth a line. */
static void show_graph(rj_output *out, const json_t *status)
{
    const char *graph = text_of(status, "graph");
    if (strncmp(graph, "off", 3) == 0)
        rj_say(out, RJ_STYLE_CARE, "Graph      %s\n", rj_clean(out, graph));
}

static void show_troubles(rj_output *out, const json_t *status)
{
    const json_t *plugins = json_object_get(status, "plugins");
    const json_t *store = json_object_get(status, "store");
    long long refused = count_of(plugins, "refused");
    long long quarantined = count_of(plugins, "quarantined");
    if (refused > 0 || quarantined > 0)
        rj_say(out, RJ_STYLE_BAD, "Plugins ");
    show_number(out, RJ_STYLE_BAD, quarantined, "quarantined");
    show_number(out, RJ_STYLE_BAD, refused, "refused");
    if (refused > 0 || quarantined > 0)
        rj_say(out, RJ_STYLE_NONE, " -> realmjoin plugin list\n");
    if (json_is_true(json_object_get(store, "damaged_set_aside")))
        rj_say(out, RJ_STYLE_BAD,
               "Store      the state database was damaged; it was set aside and begun anew\n");
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    json_t *status = NULL;
    (void)arguments;
    int code = rj_cli_ask(cli, "status", NULL, &status);
    if (code != RJ_EXIT_OK)
        return code;
    if (cli->json) {
        rj_say_json(&cli->out, status);
    } else {
        show_head(&cli->out, status);
        show_policy(&cli->out, json_object_get(status, "policy"));
        show_security(&cli->out, status);
        show_software(&cli->out, status);
        show_run(&cli->out, status);
        show_graph(&cli->out, status);
        show_troubles(&cli->out, status);
    }
    json_decref(status);
    return RJ_EXIT_OK;
}

const rj_command rj_command_status = {
    .name = "status",
    .synopsis = "",
    .summary = "show how this device is doing",
    .help = "Policy, security, software, and what is being done right now.\n",
    .run = run,
};
