/* SPDX-License-Identifier: MIT */
/*
 * Methods that ask the agent for a run: install, uninstall, upgrade, sync, cancel.
 *
 * The agent decides whether the package is the caller's to ask for, and logs it with a correlation
 * id; the id goes back with the answer or the refusal.
 */
#include "ipc/server_internal.h"
#include <string.h>

static rj_status request(rj_call *call, rj_trigger trigger, json_t **ret_result, rj_error *err)
{
    char asker[96];
    trigger.uid = call->connection->peer.uid;
    trigger.admin = call->connection->admin;
    trigger.asker = rj_connection_account(call->connection, asker, sizeof asker);
    rj_status status = rj_agent_request(call->server->agent, &trigger, call->correlation, err);
    /* A sync is about everybody's packages: its lines are for root. */
    if (call->correlation[0] && trigger.kind != RJ_TRIGGER_SYNC)
        rj_log_feed_own(call->server->log_feed, call->correlation, trigger.uid);
    if (status != RJ_OK)
        return status;
    *ret_result = json_pack("{s:s}", "correlation", call->correlation);
    return *ret_result ? RJ_OK : rj_fail_memory(err, "answering");
}

rj_status rj_method_install(rj_call *call, json_t **ret_result, rj_error *err)
{
    rj_trigger trigger = {.kind = RJ_TRIGGER_INSTALL};
    bool retry = false;
    rj_status status = rj_call_package(call, true, &trigger.id, err);
    if (status == RJ_OK)
        status = rj_call_bool(call, "link", &trigger.from_link, err);
    if (status == RJ_OK)
        status = rj_call_bool(call, "retry", &retry, err);
    if (status != RJ_OK)
        return status;
    if (retry && trigger.from_link)
        return rj_call_fail(call, err, "a link cannot ask for a retry");
    if (retry)
        trigger.kind = RJ_TRIGGER_RETRY;
    return request(call, trigger, ret_result, err);
}

rj_status rj_method_uninstall(rj_call *call, json_t **ret_result, rj_error *err)
{
    rj_trigger trigger = {.kind = RJ_TRIGGER_UNINSTALL};
    rj_status status = rj_call_package(call, true, &trigger.id, err);
    return status == RJ_OK ? request(call, trigger, ret_result, err) : status;
}

rj_status rj_method_upgrade(rj_call *call, json_t **ret_result, rj_error *err)
{
    rj_trigger trigger = {.kind = RJ_TRIGGER_UPGRADE};
    rj_status status = rj_call_package(call, false, &trigger.id, err);
    if (status == RJ_OK)
        status = rj_call_bool(call, "link", &trigger.from_link, err);
    if (status == RJ_OK && trigger.from_link && !trigger.id)
        return rj_call_fail(call, err, "a link upgrades one package: \"id\" is missing");
    return status == RJ_OK ? request(call, trigger, ret_result, err) : status;
}

rj_status rj_method_sync(rj_call *call, json_t **ret_result, rj_error *err)
{
    rj_trigger trigger = {.kind = RJ_TRIGGER_SYNC};
    rj_status status = rj_call_bool(call, "link", &trigger.from_link, err);
    return status == RJ_OK ? request(call, trigger, ret_result, err) : status;
}

rj_status rj_method_cancel(rj_call *call, json_t **ret_result, rj_error *err)
{
    const char *correlation = NULL;
    rj_status status =
        rj_call_string(call, "correlation", RJ_CORRELATION_SIZE - 1, &correlation, err);
    if (status != RJ_OK)
        return status;
    if (!correlation)
        return rj_call_fail(call, err, "the parameter \"correlation\" is missing");
    status = rj_agent_cancel(call->server->agent, correlation, call->connection->peer.uid,
                             call->connection->admin, err);
    if (status != RJ_OK)
        return status;
    *ret_result = json_object();
    return *ret_result ? RJ_OK : rj_fail_memory(err, "answering");
}
