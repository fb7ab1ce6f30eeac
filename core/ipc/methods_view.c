/* SPDX-License-Identifier: MIT */
/* Methods that look: version, status, list, ui, why, check, policy. */
#include "base/alloc.h"
#include "ipc/server_internal.h"
#include <stdio.h>
#include <string.h>

/* Packages in one answer, so that it fits into a message; `offset` and `next` lead through. */
#define PAGE ((size_t)256)

static rj_status answered(json_t *view, json_t **ret_result, rj_error *err)
{
    if (!view)
        return rj_fail_memory(err, "answering");
    *ret_result = view;
    return RJ_OK;
}

rj_status rj_method_version(rj_call *call, json_t **ret_result, rj_error *err)
{
    char started[25];
    rj_clock_format(call->server->started_wall_ms, started);
    return answered(json_pack("{s:s, s:s, s:I, s:s}", "version", RJ_VERSION, "abi", "1.0", "pid",
                              (json_int_t)rj_system_pid(), "started", started),
                    ret_result, err);
}

rj_status rj_method_status(rj_call *call, json_t **ret_result, rj_error *err)
{
    const rj_connection *connection = call->connection;
    rj_status_cache *cache = &call->server->status_cache;
    uint64_t now = rj_clock_monotonic_ms();
    rj_uid uid = connection->peer.uid;
    call->rendered = rj_status_cache_get(cache, uid, connection->admin, now);
    if (call->rendered)
        return RJ_OK;
    json_t *view = rj_agent_status(call->server->agent, uid, connection->admin);
    if (view)
        rj_status_cache_put(cache, uid, connection->admin, now, view);
    return answered(view, ret_result, err);
}

/* Cut the list "packages" of *view to the page at `offset`. */
static rj_status cut_page(json_t **view, size_t offset, rj_error *err)
{
    const json_t *all = json_object_get(*view, "packages");
    size_t count = json_array_size(all);
    if (offset == 0 && count <= PAGE)
        return RJ_OK;
    json_t *copy = json_copy(*view);
    json_t *page = json_array();
    int failed = !copy || !page;
    for (size_t i = offset; i < count && i - offset < PAGE; i++)
        failed |= json_array_append(page, json_array_get(all, i));
    failed |= json_object_set_new(copy, "packages", page);
    failed |= json_object_set_new(copy, "total", json_integer((json_int_t)count));
    if (offset + PAGE < count)
        failed |= json_object_set_new(copy, "next", json_integer((json_int_t)(offset + PAGE)));
    json_decref(*view);
    *view = copy;
    if (!failed)
        return RJ_OK;
    json_decref(copy);
    *view = NULL;
    return rj_fail_memory(err, "answering");
}

static rj_status answer_page(rj_call *call,
                             json_t *(*make)(rj_agent *agent, rj_uid uid, bool admin),
                             json_t **ret_result, rj_error *err)
{
    int64_t offset = 0;
    rj_status status = rj_call_integer(call, "offset", 0, INT32_MAX, &offset, err);
    if (status != RJ_OK)
        return status;
    json_t *view = NULL;
    status = answered(
        make(call->server->agent, call->connection->peer.uid, call->connection->admin), &view, err);
    if (status == RJ_OK)
        status = cut_page(&view, (size_t)offset, err);
    if (status == RJ_OK)
        *ret_result = view;
    return status;
}

rj_status rj_method_list(rj_call *call, json_t **ret_result, rj_error *err)
{
    return answer_page(call, rj_agent_list, ret_result, err);
}

rj_status rj_method_ui(rj_call *call, json_t **ret_result, rj_error *err)
{
    return answered(rj_agent_ui(call->server->agent, call->connection->peer.uid), ret_result, err);
}

rj_status rj_method_policy(rj_call *call, json_t **ret_result, rj_error *err)
{
    return answer_page(call, rj_agent_policy, ret_result, err);
}

rj_status rj_method_why(rj_call *call, json_t **ret_result, rj_error *err)
{
    const char *id = NULL;
    rj_status status = rj_call_package(call, true, &id, err);
    if (status != RJ_OK)
        return status;
    json_t *why =
        rj_agent_why(call->server->agent, id, call->connection->peer.uid, call->connection->admin);
    if (!why)
        return rj_fail(err, RJ_E_NOT_FOUND,
                       "%s is not assigned to you and not installed; see `realmjoin list`", id);
    *ret_result = why;
    return RJ_OK;
}

/* ---- Checks ---------------------------------------------------------------------------------- */

/* {"checks": [...]}, all or the one asked for. */
static rj_status view_checks(rj_server *server, const char *check_id, json_t **ret_result,
                             rj_error *err)
{
    json_t *view = rj_agent_checks(server->agent);
    const json_t *all = json_object_get(view, "checks");
    if (!view || !check_id[0])
        return answered(view, ret_result, err);
    rj_status status = RJ_E_NOT_FOUND;
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *check = json_array_get(all, i);
        const char *id = json_string_value(json_object_get(check, "id"));
        if (id && strcmp(id, check_id) == 0)
            status = answered(json_pack("{s:[O]}", "checks", check), ret_result, err);
    }
    json_decref(view);
    if (status == RJ_E_NOT_FOUND)
        rj_fail(err, status, "there is no check \"%.63s\"; see `realmjoin check`", check_id);
    return status;
}

static void remove_waiting(rj_server *server, rj_waiting_check *gone)
{
    for (rj_waiting_check **at = &server->waiting_checks; *at; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            break;
        }
    }
    gone->connection->pending--;
    json_decref(gone->id);
    rj_free(gone);
}

static rj_status refresh(rj_call *call, const char *check_id, rj_error *err)
{
    rj_waiting_check *waiting = rj_calloc(1, sizeof *waiting);
    if (!waiting)
        return rj_fail_memory(err, "waiting for a check");
    waiting->connection = call->connection;
    waiting->id = json_incref(call->id);
    snprintf(waiting->check_id, sizeof waiting->check_id, "%s", check_id);
    waiting->next = call->server->waiting_checks;
    call->server->waiting_checks = waiting;
    call->connection->pending++;
    rj_status status = rj_agent_check(call->server->agent, check_id[0] ? check_id : NULL, err);
    if (status == RJ_OK)
        call->deferred = true;
    else
        remove_waiting(call->server, waiting);
    return status;
}

rj_status rj_method_check(rj_call *call, json_t **ret_result, rj_error *err)
{
    const char *id = "";
    bool fresh = false;
    rj_status status =
        rj_call_string(call, "id", sizeof((rj_waiting_check *)0)->check_id - 1, &id, err);
    if (status == RJ_OK)
        status = rj_call_bool(call, "refresh", &fresh, err);
    if (status == RJ_OK)
        status = fresh ? refresh(call, id, err) : view_checks(call->server, id, ret_result, err);
    return status;
}

void rj_methods_checks_ended(rj_server *server)
{
    rj_waiting_check *waiting = server->waiting_checks;
    server->waiting_checks = NULL; /* who asks from now on waits for the next end */
    while (waiting) {
        rj_waiting_check *next = waiting->next;
        rj_connection *connection = waiting->connection;
        rj_error error = RJ_ERROR_NONE;
        json_t *result = NULL;
        rj_status status = view_checks(server, waiting->check_id, &result, &error);
        rj_text text = RJ_TEXT_EMPTY;
        if (status == RJ_OK)
            rj_message_add_result(&text, waiting->id, result);
        else
            rj_message_add_error(&text, waiting->id, RJ_CODE_AGENT, status, error.text, NULL);
        json_decref(result);
        connection->pending--;
        rj_connection_send_text(connection, &text, waiting->id);
        json_decref(waiting->id);
        rj_free(waiting);
        waiting = next;
    }
}

void rj_methods_forget_checks(rj_server *server, const rj_connection *connection)
{
    rj_waiting_check *next;
    for (rj_waiting_check *at = server->waiting_checks; at; at = next) {
        next = at->next;
        if (at->connection == connection)
            remove_waiting(server, at);
    }
}
