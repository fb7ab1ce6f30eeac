/* SPDX-License-Identifier: MIT */
/* realmjoin session, realmjoin tray: stay, and run the user's own packages when the service asks; with a
 * tray the installed views show what is going on. */
#include "base/alloc.h"
#include "base/log.h"
#include "platform/file.h"
#include "platform/system.h"
#include "session/cli/on_demand.h"
#include "session/command/command.h"
#include "session/instance.h"
#include "session/rights.h"
#include "session/session_host.h"
#include "session/sign_out.h"
#include "session/ui/host.h"
#include <signal.h>
#include <string.h>

enum { ONCE, DEBUG };

#define RETRY_LEAST_MS 1000u
#define RETRY_MOST_MS 60000u
#define REGISTER_MS 20000u
#define SHOW_MS 3000u
#define SHOW_POLL_MS 100u
#define ICON_MS 2000u /* nobody waits longer for it, whatever the service does */

static const rj_option options[] = {
    {"--once", 0, NULL, "end when the service goes away, instead of waiting for it"},
    {NULL, 0, NULL, NULL},
};

typedef struct stay {
    rj_cli *cli;
    rj_session_host *host;
    rj_ui_host *ui;        /* NULL: no tray */
    rj_instance *instance; /* NULL: this system has none */
    rj_sign_out *sign_out; /* NULL: this system has none, or no desktop */
    bool told_views;
    bool viewed;   /* the views have been looked for */
    bool icon_due; /* there is none yet, and the service takes its time */
    bool registered;
    bool lost, ended, due;
    bool refused;     /* there is a service, which does not want this session */
    bool tried_start; /* once, when it begins: a service that is stopped later stays so */
} stay;

static void on_notified(void *data, const char *method, const json_t *params)
{
    stay *self = data;
    if (self->ui && rj_ui_host_notified(self->ui, method, params))
        return;
    if (rj_session_host_notified(self->host, method, params) && self->ui && !self->viewed)
        rj_loop_stop(self->cli->loop); /* how plugins are loaded is known now */
}

static void on_lost(void *data, const char *why)
{
    stay *self = data;
    (void)why;
    self->lost = true;
    rj_session_host_detach(self->host);
    if (self->ui)
        rj_ui_host_detach(self->ui);
    rj_loop_stop(self->cli->loop);
}

static void on_ended(void *data)
{
    stay *self = data;
    self->ended = true;
    rj_loop_stop(self->cli->loop);
}

static void on_due(void *data)
{
    stay *self = data;
    self->due = true;
    rj_loop_stop(self->cli->loop);
}

static void on_icon_due(void *data)
{
    stay *self = data;
    self->icon_due = true;
    rj_loop_stop(self->cli->loop);
}

/* Views show from now on; `client` NULL: that there is no service. */
static void attach_views(stay *self, rj_client *client, rj_runtime *runtime)
{
    bool first = !self->told_views;
    self->told_views = true;
    if (rj_ui_host_attach(self->ui, client, runtime) == 0 && first)
        rj_say_error(&self->cli->out, "no view is installed, so this session shows nothing; "
                                      "`realmjoin menu` prints the menu");
}

/* Once after each connecting, as soon as it can be done. */
static void find_views(stay *self)
{
    rj_runtime *runtime = NULL;
    rj_error error = RJ_ERROR_NONE;
    if (!rj_session_host_has_heard(self->host))
        return;
    rj_ui_host_end_views(self->ui); /* their runtime may be replaced */
    rj_status status = rj_session_host_runtime(self->host, &runtime, &error);
    self->viewed = true;
    if (status != RJ_OK) {
        self->told_views = true;
        rj_say_error(&self->cli->out, error.text);
        rj_ui_host_no_service(self->ui, false, status, error.text);
    } else {
        attach_views(self, self->cli->client, runtime);
    }
}

/* Nobody answers, or not what we want: a person who signs in sees that, instead of nothing. */
static void show_without_service(stay *self)
{
    self->icon_due = false;
    if (!self->ui || self->told_views)
        return;
    rj_runtime *runtime = NULL;
    rj_error error = RJ_ERROR_NONE;
    if (rj_session_host_early_runtime(self->host, &runtime, &error) != RJ_OK) {
        rj_say_error(&self->cli->out, error.text);
        return;
    }
    attach_views(self, NULL, runtime);
    rj_ui_host_turn(self->ui);
}

static bool wants_service(const stay *self)
{
    return self->ui && !self->cli->client && rj_ui_host_wants_service(self->ui);
}

static void wait_for_something(stay *self)
{
    if (self->ui && !self->viewed && self->registered && !self->lost)
        find_views(self);
    if (self->icon_due)
        show_without_service(self);
    if (self->ui)
        rj_ui_host_turn(self->ui);
    self->ended |= self->ui && rj_ui_host_wants_exit(self->ui);
    if (!self->lost && !self->ended && !self->due && !wants_service(self))
        rj_loop_run(self->cli->loop);
}

/* While the service is being started, which may take long. */
static bool turn_meanwhile(void *data)
{
    stay *self = data;
    if (self->ui) {
        rj_ui_host_turn(self->ui);
        self->ended |= rj_ui_host_wants_exit(self->ui);
    }
    return !self->ended;
}

static rj_status connect_service(stay *self, const rj_client_options *how, rj_error *err)
{
    bool first = !self->tried_start, start = first || wants_service(self);
    rj_client **client = &self->cli->client;
    self->tried_start = true;
    if (first && self->ui) { /* starting it may take long, or be in vain */
        if (rj_client_connect(how, client, err) == RJ_OK)
            return RJ_OK;
        show_without_service(self);
    }
    return start ? rj_on_demand_connect(self->cli, how, turn_meanwhile, client, err)
                 : rj_client_connect(how, client, err);
}

/* What the person does meanwhile is done. */
static rj_status register_session(stay *self, rj_error *err)
{
    rj_client *client = self->cli->client;
    rj_timer *patience = NULL, *icon = NULL;
    self->due = false;
    rj_status status =
        rj_timer_start(self->cli->loop, REGISTER_MS, 0, on_due, self, &patience, err);
    if (status == RJ_OK && self->ui && !self->told_views)
        status = rj_timer_start(self->cli->loop, ICON_MS, 0, on_icon_due, self, &icon, err);
    if (status == RJ_OK)
        status = rj_session_host_register(self->host, client, err);
    if (status == RJ_OK) {
        while (!rj_client_has_answer(client) && !self->due && !self->ended)
            wait_for_something(self);
        status = rj_session_host_registered(self->host, client, err);
    }
    rj_timer_stop(patience);
    rj_timer_stop(icon);
    self->due = false;
    return status;
}

/* Registered until the service goes away or we are ended; the status says why not. */
static rj_status serve(stay *self, rj_error *err)
{
    rj_client_options client = {.loop = self->cli->loop,
                                .socket_path = rj_path(self->cli->paths, RJ_PATH_SOCKET),
                                .notified = on_notified,
                                .lost = on_lost,
                                .data = self};
    self->lost = self->viewed = self->registered = false;
    rj_status status = connect_service(self, &client, err);
    /* Without an icon there is no use in staying where something else listens. */
    self->refused = !self->ui && (status == RJ_E_DENIED || status == RJ_E_LIMIT);
    if (status != RJ_OK)
        return status;
    status = register_session(self, err);
    self->refused = status == RJ_E_DENIED || status == RJ_E_LIMIT;
    self->registered = status == RJ_OK;
    if (status == RJ_OK && !self->cli->json) {
        rj_say(&self->cli->out, RJ_STYLE_NONE, "Session registered.\n");
        fflush(self->cli->out.stream);
    }
    while (status == RJ_OK && !self->lost && !self->ended)
        wait_for_something(self);
    if (self->ui && !self->lost)
        rj_ui_host_detach(self->ui);
    rj_session_host_detach(self->host);
    rj_cli_disconnect(self->cli);
    return status;
}

static void wait_before_retry(stay *self, uint64_t delay_ms)
{
    rj_timer *timer = NULL;
    self->due = rj_timer_start(self->cli->loop, delay_ms, 0, on_due, self, &timer, NULL) != RJ_OK;
    self->lost = false;
    while (!self->due && !self->ended && !wants_service(self))
        wait_for_something(self);
    rj_timer_stop(timer);
}

/* Who is not wanted does not ask again and again. */
static uint64_t next_delay(const stay *self, rj_status status, uint64_t delay)
{
    if (self->refused || (status != RJ_OK && delay * 2 > RETRY_MOST_MS))
        return RETRY_MOST_MS;
    return status == RJ_OK ? RETRY_LEAST_MS : delay * 2;
}

static int stay_until_ended(stay *self, bool once)
{
    uint64_t delay = RETRY_LEAST_MS;
    while (!self->ended) {
        rj_error error = RJ_ERROR_NONE;
        rj_status status = serve(self, &error);
        if (self->ended)
            break;
        if (self->refused && (once || !self->ui))
            return rj_cli_fail(self->cli, RJ_E_DENIED, &error);
        if (once) {
            rj_say_error(&self->cli->out, status == RJ_OK ? "the service went away" : error.text);
            return RJ_EXIT_NO_SERVICE;
        }
        if (self->ui) { /* what waited for the service has waited in vain */
            rj_ui_host_no_service(self->ui, self->refused, status,
                                  status == RJ_OK ? "the RealmJoin service went away" : error.text);
            show_without_service(self);
        }
        delay = next_delay(self, status, delay);
        wait_before_retry(self, delay);
    }
    return RJ_EXIT_OK;
}

static void on_link(void *data, const char *text)
{
    stay *self = data;
    if (strcmp(text, RJ_INSTANCE_SHOW) == 0)
        rj_ui_host_open_menu(self->ui);
    else
        rj_ui_host_link(self->ui, text);
}

/* The one tray of this person's desktop session, which links reach.  RJ_E_BUSY: there is one. */
static rj_status make_tray(stay *self, bool debug, rj_error *err)
{
    rj_cli *cli = self->cli;
    rj_status status = rj_ui_host_new(cli->loop, cli->paths, debug, &self->ui, err);
    if (status == RJ_OK)
        status = rj_instance_claim(cli->loop, rj_paths_root(cli->paths), on_link, self,
                                   &self->instance, err);
    return status == RJ_E_NOT_APPLICABLE ? RJ_OK : status;
}

/* The person's own log; the session does its work without one, too. */
static void open_log(const rj_cli *cli, const char *name)
{
    const char *folder = rj_path(cli->paths, RJ_PATH_LOG);
    if (folder && rj_dir_make(folder, 0700, NULL) == RJ_OK)
        rj_log_open(folder, name, NULL);
}

/* The desktop session must not end in the middle of a package. */
static void on_work(void *data, const char *id)
{
    const stay *self = data;
    char *reason = id && self->sign_out ? rj_ui_host_hold_text(self->ui, id) : NULL;
    rj_sign_out_hold(self->sign_out, reason);
    rj_free(reason);
}

static rj_status watch_sign_out(stay *self, rj_error *err)
{
    rj_status status = rj_sign_out_watch(self->cli->loop, on_ended, self, &self->sign_out, err);
    rj_session_host_on_work(self->host, on_work, self);
    return status == RJ_E_NOT_APPLICABLE ? RJ_OK : status;
}

/* The first may have begun just now, and be about to listen. */
static rj_status show_first(rj_cli *cli, rj_error *err)
{
    uint64_t end = rj_clock_monotonic_ms() + SHOW_MS; /* one that hangs makes each try a long one */
    const char *root = rj_paths_root(cli->paths);
    rj_status status = rj_instance_forward(root, RJ_INSTANCE_SHOW, NULL);
    while (status != RJ_OK && rj_clock_monotonic_ms() < end) {
        rj_cli_pause(cli, SHOW_POLL_MS);
        status = rj_instance_forward(root, RJ_INSTANCE_SHOW, NULL);
    }
    return status == RJ_OK ? RJ_OK
                           : rj_fail(err, RJ_E_FAILED,
                                     "the tray that is there does not show itself; end that "
                                     "program, or sign out and in again");
}

static int run_session(rj_cli *cli, const rj_arguments *arguments, bool tray)
{
    stay self = {.cli = cli};
    rj_error error = RJ_ERROR_NONE;
    rj_watch *interrupt = NULL, *terminate = NULL;
    rj_status status = rj_rights_drop(&error);
    if (status == RJ_OK) {
        rj_say_error(&cli->out, "started again without administrator's rights");
        return RJ_EXIT_OK;
    }
    if (status != RJ_E_NOT_APPLICABLE)
        return rj_cli_fail(cli, status, &error);
    int code = rj_cli_make_loop(cli);
    if (code != RJ_EXIT_OK)
        return code;
    status = rj_session_host_new(cli->loop, cli->paths, &self.host, &error);
    if (status == RJ_OK && tray)
        status = make_tray(&self, arguments->values[DEBUG] != NULL, &error);
    if (status == RJ_OK) {
        open_log(cli, tray ? "tray" : "session");
        status = watch_sign_out(&self, &error);
    }
    if (status == RJ_OK)
        status = rj_watch_signal(cli->loop, SIGINT, on_ended, &self, &interrupt, &error);
    if (status == RJ_OK)
        status = rj_watch_signal(cli->loop, SIGTERM, on_ended, &self, &terminate, &error);
    bool is_second = tray && status == RJ_E_BUSY;
    if (is_second) { /* whoever starts it once more wants to see it */
        rj_say_error(&cli->out, "the tray of this desktop session is there already");
        status = show_first(cli, &error);
    }
    code = status != RJ_OK ? rj_cli_fail(cli, status, &error)
           : is_second     ? RJ_EXIT_OK
                           : stay_until_ended(&self, arguments->values[ONCE] != NULL);
    rj_watch_stop(interrupt);
    rj_watch_stop(terminate);
    rj_instance_release(self.instance);
    rj_ui_host_end_views(self.ui);
    bool clean = rj_session_host_free(self.host);
    cli->left_running |= !clean;
    if (clean) /* a view that was left running may still call */
        rj_ui_host_free(self.ui);
    if (clean)
        rj_log_close();
    rj_sign_out_stop(self.sign_out);
    return code;
}

static int run(rj_cli *cli, const rj_arguments *arguments)
{
    return run_session(cli, arguments, false);
}

static int run_tray(rj_cli *cli, const rj_arguments *arguments)
{
    return run_session(cli, arguments, true);
}

const rj_command rj_command_session = {
    .name = "session",
    .synopsis = "[--once]",
    .summary = "stay, and install packages of user scope for the calling user",
    .help =
        "Started with the desktop session.  Packages of user scope run here with the user's own\n"
        "rights, never with an administrator's: who has these is refused.  Waits for the service\n"
        "when it is not there.\n",
    .options = options,
    .run = run,
};

static const rj_option tray_options[] = {
    {"--once", 0, NULL, "end when the service goes away, instead of waiting for it"},
    {"--debug", 0, NULL, "show hidden packages and versions, and offer an end"},
    {NULL, 0, NULL, NULL},
};

const rj_command rj_command_tray = {
    .name = "tray",
    .synopsis = "[--once] [--debug]",
    .summary = "the session with its icon, menu and windows",
    .help =
        "Does what `realmjoin session` does, and shows the menu and what is going on by the views\n"
        "that are installed.\n",
    .options = tray_options,
    .run = run_tray,
};
