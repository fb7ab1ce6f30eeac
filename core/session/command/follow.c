/* SPDX-License-Identifier: MIT */
/* Ask for a run and follow it to its end, see follow.h. */
#include "session/command/follow.h"
#include "base/alloc.h"
#include "base/json.h"
#include "platform/system.h"
#include "session/log_place.h"
#include "session/session_host.h"
#include <signal.h>
#include <string.h>

typedef struct follow {
    rj_cli *cli;
    rj_session_host *host; /* NULL: not the user's session */
    char correlation[17];
    json_t *early;   /* events before the correlation id was known */
    json_t *actions; /* the last news of each, for --json */
    json_t *ended;   /* the run's last event */
    bool restart;
    bool lost;
    bool interrupted;
} follow;

/* ---- Showing --------------------------------------------------------------------------------- */

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

static const char *doing(const char *verdict)
{
    if (strcmp(verdict, "upgrade") == 0)
        return "Upgrading";
    if (strcmp(verdict, "uninstall") == 0)
        return "Removing";
    return strcmp(verdict, "reinstall") == 0 ? "Reinstalling" : "Installing";
}

static const char *done_word(const char *verdict)
{
    if (strcmp(verdict, "upgrade") == 0)
        return "upgraded";
    if (strcmp(verdict, "uninstall") == 0)
        return "removed";
    return strcmp(verdict, "reinstall") == 0 ? "reinstalled" : "installed";
}

static void show_plan(follow *self, const json_t *run)
{
    const json_t *actions = json_object_get(run, "actions");
    rj_output *out = &self->cli->out;
    if (json_array_size(actions) == 0)
        return;
    rj_progress_clear(out);
    rj_say(out, RJ_STYLE_STRONG, "Plan\n");
    rj_table *table = rj_table_new(5);
    for (size_t i = 0; i < json_array_size(actions); i++) {
        const json_t *action = json_array_get(actions, i);
        char number[24];
        snprintf(number, sizeof number, "%3zu.", i + 1);
        rj_table_add(table, RJ_STYLE_FAINT, number);
        rj_table_add(table, RJ_STYLE_NONE, text_of(action, "verdict"));
        rj_table_add(table, RJ_STYLE_STRONG, text_of(action, "id"));
        rj_table_add(table, RJ_STYLE_NONE, text_of(action, "version"));
        rj_table_add(table, RJ_STYLE_FAINT, text_of(action, "reason"));
    }
    rj_table_print(table, out);
}

static void label_of(follow *self, const json_t *action, char *ret_text, size_t size)
{
    const char *name = text_of(action, "name");
    rj_output *out = &self->cli->out;
    json_int_t total = json_integer_value(json_object_get(action, "total"));
    json_int_t index = json_integer_value(json_object_get(action, "index"));
    char count[32] = "";
    if (total > 1)
        snprintf(count, sizeof count, "[%lld/%lld] ", (long long)index, (long long)total);
    const char *version = text_of(action, "version");
    snprintf(ret_text, size, "%s%s %s%s%s", count, doing(text_of(action, "verdict")),
             rj_clean(out, name[0] ? name : text_of(action, "id")), version[0] ? " " : "",
             rj_clean(out, version));
}

static void show_action_end(follow *self, const json_t *action, bool failed)
{
    rj_output *out = &self->cli->out;
    const char *name = text_of(action, "name");
    const char *version = text_of(action, "version");
    bool restart = json_is_true(json_object_get(action, "restart"));
    rj_progress_clear(out);
    rj_say(out, failed ? RJ_STYLE_BAD : RJ_STYLE_GOOD, "%s", failed ? "  failed " : "  ok     ");
    rj_say(out, RJ_STYLE_STRONG, "%s", rj_clean(out, name[0] ? name : text_of(action, "id")));
    rj_say(out, RJ_STYLE_NONE, "%s%s", version[0] ? " " : "", rj_clean(out, version));
    if (!failed)
        rj_say(out, RJ_STYLE_NONE, " %s%s", done_word(text_of(action, "verdict")),
               restart ? ", restart needed" : "");
    if (!failed && text_of(action, "message")[0])
        rj_say(out, RJ_STYLE_CARE, "; %s", rj_clean(out, text_of(action, "message")));
    if (failed)
        rj_say(out, RJ_STYLE_NONE, ": %s", rj_clean(out, text_of(action, "message")));
    char *place = failed ? rj_log_place(text_of(action, "log")) : NULL;
    if (place)
        rj_say(out, RJ_STYLE_FAINT, "\n         log: %s", rj_clean(out, place));
    rj_free(place);
    rj_say(out, RJ_STYLE_NONE, "\n");
}

static void show_action(follow *self, const json_t *action)
{
    const char *state = text_of(action, "state");
    char label[320];
    label_of(self, action, label, sizeof label);
    if (strcmp(state, "done") == 0 || strcmp(state, "failed") == 0)
        show_action_end(self, action, state[0] == 'f');
    else if (self->cli->out.terminal)
        rj_progress_show(&self->cli->out, label, RJ_PROGRESS_SAME, state);
    else if (strcmp(state, "started") == 0)
        rj_say(&self->cli->out, RJ_STYLE_NONE, "%s\n", label);
}

static void show_progress(follow *self, const json_t *progress)
{
    const json_t *permille = json_object_get(progress, "permille");
    const char *id = text_of(progress, "id");
    json_t *action = json_object_get(self->actions, id);
    char label[320];
    snprintf(label, sizeof label, "%s", rj_clean(&self->cli->out, id));
    if (action)
        label_of(self, action, label, sizeof label);
    rj_progress_show(&self->cli->out, label,
                     json_is_integer(permille) ? (int)json_integer_value(permille)
                                               : RJ_PROGRESS_UNKNOWN,
                     text_of(progress, "text"));
}

/* ---- Events ---------------------------------------------------------------------------------- */

static void on_run(follow *self, json_t *run)
{
    const char *state = text_of(run, "state");
    if (strcmp(state, "ended") == 0) {
        self->ended = json_incref(run);
        rj_loop_stop(self->cli->loop);
    } else if (self->cli->json) {
        return;
    } else if (strcmp(state, "planned") == 0) {
        show_plan(self, run);
    } else if (strcmp(state, "queued") == 0) {
        rj_say(&self->cli->out, RJ_STYLE_FAINT, "Waiting for the run before it.\n");
    }
}

static void on_action(follow *self, json_t *action)
{
    const char *id = text_of(action, "id");
    json_object_set(self->actions, id, action);
    self->restart |= json_is_true(json_object_get(action, "restart"));
    if (!self->cli->json)
        show_action(self, action);
}

static void on_event(follow *self, const char *topic, json_t *document)
{
    if (self->ended || strcmp(text_of(document, "correlation"), self->correlation) != 0)
        return;
    if (strcmp(topic, "run") == 0)
        on_run(self, document);
    else if (strcmp(topic, "action") == 0)
        on_action(self, document);
    else if (strcmp(topic, "progress") == 0 && !self->cli->json)
        show_progress(self, document);
}

static void on_notified(void *data, const char *method, const json_t *params)
{
    enum { EARLY_MAX = 256 };
    follow *self = data;
    if (self->host && rj_session_host_notified(self->host, method, params))
        return;
    json_t *document = json_object_get(params, "document");
    const char *topic = json_string_value(json_object_get(params, "topic"));
    if (strcmp(method, "event") != 0 || !topic || !json_is_object(document))
        return;
    if (self->correlation[0])
        on_event(self, topic, document);
    else if (json_array_size(self->early) < EARLY_MAX)
        json_array_append(self->early, (json_t *)params);
}

static void replay_early(follow *self)
{
    for (size_t i = 0; i < json_array_size(self->early); i++) {
        const json_t *params = json_array_get(self->early, i);
        on_event(self, text_of(params, "topic"), json_object_get(params, "document"));
    }
}

static void on_lost(void *data, const char *why)
{
    follow *self = data;
    (void)why;
    self->lost = true;
    rj_session_host_detach(self->host);
    rj_loop_stop(self->cli->loop);
}

static void on_interrupt(void *data)
{
    follow *self = data;
    self->interrupted = true;
    rj_loop_stop(self->cli->loop);
}

/* ---- Before the request ---------------------------------------------------------------------- */

static bool user_has_session(const json_t *status)
{
    char own[64];
    rj_system_user_name(rj_system_uid(), own, sizeof own);
    const json_t *sessions = json_object_get(status, "sessions");
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        const char *name = json_string_value(json_array_get(sessions, i));
        if (name && strcmp(name, own) == 0)
            return true;
    }
    return false;
}

/* Without a session somewhere, this command is the one that runs the user's own packages. */
static int become_session(follow *self)
{
    if (rj_system_is_root())
        return RJ_EXIT_OK;
    rj_error error = RJ_ERROR_NONE;
    json_t *status = NULL;
    int code = rj_cli_ask(self->cli, "status", NULL, &status);
    bool needed = code == RJ_EXIT_OK && !user_has_session(status);
    json_decref(status);
    if (!needed)
        return code;
    rj_status result = rj_session_host_new(self->cli->loop, self->cli->paths, &self->host, &error);
    if (result == RJ_OK)
        result = rj_session_host_register(self->host, self->cli->client, &error);
    return result == RJ_OK ? RJ_EXIT_OK : rj_cli_fail(self->cli, result, &error);
}

static int prepare(follow *self)
{
    int code = rj_cli_connect(self->cli, on_notified, on_lost, self);
    json_t *result = NULL;
    if (code == RJ_EXIT_OK)
        code = rj_cli_ask(self->cli, "subscribe",
                          json_pack("{s:[s,s,s]}", "topics", "run", "action", "progress"), &result);
    json_decref(result);
    return code == RJ_EXIT_OK ? become_session(self) : code;
}

/* ---- The end --------------------------------------------------------------------------------- */

static json_int_t count_of(const json_t *document, const char *key)
{
    return json_integer_value(json_object_get(document, key));
}

static int exit_code_of(const follow *self, bool tell_restart)
{
    const char *outcome = text_of(self->ended, "outcome");
    if (strcmp(outcome, "failed") == 0 || count_of(self->ended, "failed") > 0)
        return RJ_EXIT_FAILED;
    if (strcmp(outcome, "cancelled") == 0)
        return RJ_EXIT_FAILED;
    if (tell_restart && self->restart)
        return RJ_EXIT_RESTART;
    if (count_of(self->ended, "held") > 0 && count_of(self->ended, "done") == 0)
        return RJ_EXIT_HELD;
    if (strcmp(outcome, "done") != 0 && strcmp(outcome, "nothing") != 0)
        return RJ_EXIT_FAILED;
    return RJ_EXIT_OK;
}

/* The words of a failed action stand a line above already. */
static bool was_shown(const follow *self, const char *message)
{
    const char *key;
    json_t *action;
    json_object_foreach(self->actions, key, action)
    {
        if (strcmp(text_of(action, "message"), message) == 0)
            return true;
    }
    return false;
}

static void show_end(follow *self)
{
    rj_output *out = &self->cli->out;
    const char *outcome = text_of(self->ended, "outcome");
    const char *message = text_of(self->ended, "message");
    if (was_shown(self, message))
        message = "";
    json_int_t held = count_of(self->ended, "held"), failed = count_of(self->ended, "failed");
    rj_progress_clear(out);
    if (strcmp(outcome, "nothing") == 0) {
        rj_say(out, held ? RJ_STYLE_CARE : RJ_STYLE_GOOD, "%s\n",
               message[0] ? rj_clean(out, message)
               : held     ? "Nothing could be done now."
                          : "Nothing is left to do.");
    } else {
        rj_say(out, failed ? RJ_STYLE_BAD : RJ_STYLE_GOOD, "%lld done",
               (long long)count_of(self->ended, "done"));
        if (failed)
            rj_say(out, RJ_STYLE_BAD, ", %lld failed", (long long)failed);
        if (strcmp(outcome, "cancelled") == 0)
            rj_say(out, RJ_STYLE_CARE, ", cancelled");
        rj_say(out, RJ_STYLE_NONE, "%s%s\n", message[0] ? ": " : "", rj_clean(out, message));
    }
    if (held)
        rj_say(out, RJ_STYLE_CARE, "%lld must wait; see `realmjoin list`\n", (long long)held);
    if (self->restart)
        rj_say(out, RJ_STYLE_CARE, "A restart is needed.\n");
}

static void show_end_json(follow *self)
{
    json_t *actions = json_array();
    const char *key;
    json_t *action;
    json_object_foreach(self->actions, key, action)
    {
        json_array_append(actions, action);
    }
    json_t *document = json_deep_copy(self->ended);
    json_object_set_new(document, "actions", actions);
    rj_say_json(&self->cli->out, document);
    json_decref(document);
}

static int finish(follow *self, bool tell_restart)
{
    rj_error error = RJ_ERROR_NONE;
    if (self->interrupted) {
        rj_progress_clear(&self->cli->out);
        rj_say_error(&self->cli->out,
                     self->host ? "interrupted; packages of this user wait for their session"
                                : "left; the run goes on, see `realmjoin status`");
        return RJ_EXIT_INTERRUPTED;
    }
    if (!self->ended) {
        rj_fail(&error, RJ_E_NOT_STARTED,
                "the service went away before the run had ended; it goes on when the service is "
                "back, see `realmjoin status`");
        return rj_cli_fail(self->cli, RJ_E_NOT_STARTED, &error);
    }
    if (self->cli->json)
        show_end_json(self);
    else
        show_end(self);
    return exit_code_of(self, tell_restart);
}

static int ask(follow *self, const char *method, json_t *params)
{
    rj_error error = RJ_ERROR_NONE;
    json_t *result = NULL;
    char refused[17];
    rj_status status = rj_client_call(self->cli->client, method, params, RJ_CLI_DEADLINE_MS,
                                      &result, refused, &error);
    if (status != RJ_OK) {
        rj_error told = RJ_ERROR_NONE;
        rj_fail(&told, status, "%s%s%s%s", error.text, refused[0] ? " (correlation " : "", refused,
                refused[0] ? ")" : "");
        return rj_cli_fail(self->cli, status, &told);
    }
    snprintf(self->correlation, sizeof self->correlation, "%s", text_of(result, "correlation"));
    json_decref(result);
    replay_early(self);
    return RJ_EXIT_OK;
}

static void on_redraw(void *data)
{
    rj_progress_catch_up(data);
}

static int wait_for_end(follow *self, bool tell_restart)
{
    rj_watch *interrupt = NULL, *terminate = NULL;
    rj_timer *redraw = NULL;
    if (self->cli->out.terminal) /* without it the bar is a little behind, that is all */
        rj_timer_start(self->cli->loop, RJ_PROGRESS_MS, RJ_PROGRESS_MS, on_redraw, &self->cli->out,
                       &redraw, NULL);
    rj_watch_signal(self->cli->loop, SIGINT, on_interrupt, self, &interrupt, NULL);
    rj_watch_signal(self->cli->loop, SIGTERM, on_interrupt, self, &terminate, NULL);
    while (!self->ended && !self->lost && !self->interrupted)
        rj_loop_run(self->cli->loop);
    rj_timer_stop(redraw);
    int code = finish(self, tell_restart);
    rj_watch_stop(interrupt);
    rj_watch_stop(terminate);
    return code;
}

static int ask_only(rj_cli *cli, const char *method, json_t *params)
{
    json_t *result = NULL;
    int code = rj_cli_ask(cli, method, params, &result);
    if (code == RJ_EXIT_OK && cli->json)
        rj_say_json(&cli->out, result);
    else if (code == RJ_EXIT_OK)
        rj_say(&cli->out, RJ_STYLE_NONE, "Asked for (correlation %s).\n",
               rj_clean(&cli->out, text_of(result, "correlation")));
    json_decref(result);
    return code;
}

int rj_follow_run(rj_cli *cli, const rj_arguments *arguments, const char *method, json_t *params)
{
    if (arguments->values[RJ_FOLLOW_NO_WAIT])
        return ask_only(cli, method, params);
    follow self = {.cli = cli, .early = json_array(), .actions = json_object()};
    int code = prepare(&self);
    if (code == RJ_EXIT_OK)
        code = ask(&self, method, params);
    else
        json_decref(params);
    if (code == RJ_EXIT_OK)
        code = wait_for_end(&self, arguments->values[RJ_FOLLOW_EXIT_RESTART] != NULL);
    rj_session_host_detach(self.host);
    rj_cli_disconnect(cli);
    cli->left_running |= !rj_session_host_free(self.host);
    json_decref(self.early);
    json_decref(self.actions);
    json_decref(self.ended);
    return code;
}
