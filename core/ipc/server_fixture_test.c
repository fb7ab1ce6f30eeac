/* SPDX-License-Identifier: MIT */
/* See server_fixture_test.h. */
#include "ipc/server_fixture_test.h"
#include "platform/file.h"
#include "platform/local_socket.h"
#include "platform/stream.h"
#include "test_stream.h"
#include "test_system.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Fakes ----------------------------------------------------------------------------------- */

rj_uid caller;
static unsigned identified;

rj_status __wrap_rj_local_socket_peer(rj_local_socket socket, rj_peer *ret_peer, rj_error *err);
rj_status __wrap_rj_local_socket_peer(rj_local_socket socket, rj_peer *ret_peer, rj_error *err)
{
    (void)socket;
    (void)err;
    identified++;
    *ret_peer =
        (rj_peer){.uid = caller, .pid = 77, .admin = caller == 0 || caller == rj_system_uid()};
    return RJ_OK;
}

struct fake_agent agent;
static rj_agent *const the_agent = (rj_agent *)&agent;

rj_status rj_agent_request(rj_agent *self, const rj_trigger *trigger, char ret_correlation[17],
                           rj_error *err)
{
    (void)self;
    agent.requests++;
    agent.trigger = *trigger;
    snprintf(agent.id, sizeof agent.id, "%s", trigger->id ? trigger->id : "");
    memcpy(ret_correlation, "00000000000000c0", 17);
    ret_correlation[15] = (char)('0' + agent.requests % 10);
    if (strcmp(agent.id, "not-mine") == 0)
        return rj_fail(err, RJ_E_DENIED, "not-mine is not assigned to you");
    return RJ_OK;
}

rj_status rj_agent_cancel(rj_agent *self, const char *correlation, rj_uid uid, bool admin,
                          rj_error *err)
{
    (void)self;
    (void)err;
    snprintf(agent.id, sizeof agent.id, "%s", correlation);
    agent.seen_uid = uid;
    agent.seen_admin = admin;
    agent.cancels++;
    return RJ_OK;
}

void rj_agent_session_changed(rj_agent *self, rj_uid uid, bool present)
{
    (void)self;
    (void)uid;
    agent.came += present;
    agent.went += !present;
}

rj_status rj_agent_check(rj_agent *self, const char *check_id, rj_error *err)
{
    (void)self;
    agent.checks++;
    if (check_id && strcmp(check_id, "firewall") != 0)
        return rj_fail(err, RJ_E_NOT_FOUND, "no such check");
    return RJ_OK;
}

json_t *rj_agent_status(rj_agent *self, rj_uid uid, bool admin)
{
    (void)self;
    agent.seen_uid = uid;
    agent.seen_admin = admin;
    return json_pack("{s:s}", "version", "x");
}

json_t *rj_agent_list(rj_agent *self, rj_uid uid, bool admin)
{
    json_t *packages = json_array();
    (void)self;
    (void)uid;
    (void)admin;
    for (size_t i = 0; i < agent.packages; i++)
        json_array_append_new(packages, json_pack("{s:I}", "n", (json_int_t)i));
    return json_pack("{s:o}", "packages", packages);
}

json_t *rj_agent_ui(rj_agent *self, rj_uid uid)
{
    (void)self;
    (void)uid;
    return json_pack("{s:[{s:s, s:s}]}", "links", "name", "Help", "target", "https://help.example");
}

json_t *rj_agent_policy(rj_agent *self, rj_uid uid, bool admin)
{
    return rj_agent_list(self, uid, admin);
}

json_t *rj_agent_why(rj_agent *self, const char *id, rj_uid uid, bool admin)
{
    (void)self;
    (void)uid;
    (void)admin;
    if (!agent.scope)
        return NULL;
    return json_pack("{s:{s:s, s:s}}", "package", "id", id, "scope", agent.scope);
}

json_t *rj_agent_checks(rj_agent *self)
{
    (void)self;
    return json_pack("{s:[{s:s},{s:s}]}", "checks", "id", "firewall", "id", "antivirus");
}

json_t *rj_agent_plugin_rules(rj_agent *self)
{
    (void)self;
    return json_pack("{s:{s:s}}", "package-x", "Isolation", "worker");
}

json_t *rj_runtime_describe(rj_runtime *runtime)
{
    (void)runtime;
    return json_pack("[{s:s}]", "id", "check-firewall");
}

static rj_status note_plugin(const char *id, int *count, rj_error *err)
{
    snprintf(agent.plugin, sizeof agent.plugin, "%s", id);
    if (strcmp(id, "check-firewall") != 0)
        return rj_fail(err, RJ_E_NOT_FOUND, "there is no plugin \"%s\"", id);
    ++*count;
    return RJ_OK;
}

rj_status rj_runtime_set_enabled(rj_runtime *runtime, const char *id, bool enabled, rj_error *err)
{
    (void)runtime;
    return note_plugin(id, enabled ? &agent.enabled : &agent.disabled, err);
}

rj_status rj_runtime_set_quarantined(rj_runtime *runtime, const char *id, bool quarantined,
                                     rj_error *err)
{
    (void)runtime;
    return note_plugin(id, quarantined ? &agent.quarantined : &agent.cleared, err);
}

/* ---- Fixture --------------------------------------------------------------------------------- */

rj_loop *loop;
rj_paths *paths;
rj_server *server;
rj_server_limits limits;
int stops;
static bool server_stopped;
static char root[TEST_FOLDER_MAX];

static void on_stop(void *data)
{
    (void)data;
    stops++;
}

static void on_stopped(void *data)
{
    (void)data;
    server_stopped = true;
}

void start_server(void)
{
    rj_server_options options = {.loop = loop, .paths = paths, .limits = limits, .stop = on_stop};
    assert_int_equal(rj_server_new(&options, &server, NULL), RJ_OK);
    rj_server_attach(server, the_agent, NULL, RJ_OK, NULL);
}

int set_up(void **state)
{
    (void)state;
    memset(&agent, 0, sizeof agent);
    caller = ALICE;
    stops = 0;
    server_stopped = false;
    limits = (rj_server_limits)RJ_SERVER_LIMITS;
    assert_true(test_folder("test", root, sizeof root));
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, root, NULL, &paths, NULL), RJ_OK);
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    rj_server_stop(server, on_stopped, NULL);
    for (int i = 0; i < 100 && !server_stopped; i++)
        rj_loop_turn(loop, 10);
    assert_true(server_stopped);
    rj_loop_free(loop);
    rj_server_free(server);
    rj_paths_free(paths);
    assert_int_equal(rj_dir_remove(root, NULL), RJ_OK);
    return 0;
}

static void on_notified(void *data, const char *method, const json_t *params)
{
    user *self = data;
    json_array_append_new(self->notified,
                          json_pack("{s:s, s:O*}", "method", method, "params", (json_t *)params));
}

static void on_lost(void *data, const char *why)
{
    (void)why;
    ((user *)data)->lost = true;
}

/* The server has seen so many who came. */
static void await_identified(unsigned count)
{
    for (int i = 0; i < 400 && identified < count; i++)
        rj_loop_turn(loop, 5);
}

void open_user(user *self, rj_uid uid)
{
    *self = (user){.notified = json_array()};
    rj_client_options options = {.loop = loop,
                                 .socket_path = rj_path(paths, RJ_PATH_SOCKET),
                                 .notified = on_notified,
                                 .lost = on_lost,
                                 .data = self};
    unsigned before = identified;
    caller = 0; /* the client looks at its peer, too */
    assert_int_equal(rj_client_connect(&options, &self->client, NULL), RJ_OK);
    caller = uid;
    await_identified(before + 2); /* the server by the client, and then the client */
    rj_loop_turn(loop, 20);
}

void close_user(user *self)
{
    rj_client_close(self->client);
    json_decref(self->notified);
}

char refusal[1100];

rj_status call(user *self, const char *method, json_t *params, json_t **ret_result)
{
    json_t *result = NULL;
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_client_call(self->client, method, params, 3000, &result, NULL, &error);
    snprintf(refusal, sizeof refusal, "%s", error.text);
    if (ret_result)
        *ret_result = result;
    else
        json_decref(result);
    return status;
}

void turns(int count)
{
    for (int i = 0; i < count; i++)
        rj_loop_turn(loop, 5);
}

/* A client without manners. */
int open_raw(void)
{
    unsigned before = identified;
    int stream = test_stream_connect(rj_path(paths, RJ_PATH_SOCKET));
    await_identified(before + 1);
    turns(3);
    return stream;
}

void send_raw(int stream, const char *text)
{
    assert_int_equal(rj_stream_write(stream, text, strlen(text)), (long)strlen(text));
    turns(3);
}

/* What came, up to the end of the connection if it was closed; -1: closed and nothing more. */
long read_raw(int stream, char *text, size_t size)
{
    long got = RJ_STREAM_AGAIN;
    for (int i = 0; i < 20 && got == RJ_STREAM_AGAIN; i++) {
        turns(3);
        got = rj_stream_read(stream, text, size - 1);
    }
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? got : -1;
}
