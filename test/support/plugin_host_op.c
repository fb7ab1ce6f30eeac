/* SPDX-License-Identifier: MIT */
/*
 * The plugin test host's ops: one answer each, a deadline, cancellation, a result document.
 *
 * Failure modes: a second or late answer, a failure without a message and a result that is not JSON
 * are noted as misuse of the ABI.
 */
#include "plugin_host_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define RESULT_LIMIT ((size_t)1024 * 1024)
#define SLOTS 64 /* no test has so many ops at once */

host_op *host_find_op(plugin_host *host, rj_op id)
{
    for (host_op *op = host->ops; op; op = op->next)
        if (op->id == id)
            return op;
    return NULL;
}

bool host_op_cancelled(const host_op *op)
{
    return op->cancel_asked || host_now_ms() >= op->deadline;
}

host_op *host_new_op(plugin_host *host, int64_t deadline_ms)
{
    host_op *op = calloc(1, sizeof *op);

    if (!op)
        fail_msg("out of memory");
    pthread_mutex_lock(&host->lock);
    host->last_id++;
    op->id = host->last_id << 32 | host->last_id % SLOTS; /* of the form the agent's handles have */
    op->deadline = host_now_ms() + deadline_ms;
    op->next = host->ops;
    host->ops = op;
    pthread_mutex_unlock(&host->lock);
    return op;
}

static void RJ_CALL op_progress(const rj_host *api, rj_op id, int32_t permille, const char *text)
{
    plugin_host *host = (plugin_host *)api->ctx;
    host_op *op;

    (void)text;
    if (permille < -1 || permille > 1000)
        host_misuse(host, "op %llu: progress %d is outside -1..1000", (unsigned long long)id,
                    (int)permille);
    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, id);
    if (op)
        op->progress_calls++;
    pthread_mutex_unlock(&host->lock);
}

static rj_status RJ_CALL op_set_result(const rj_host *api, rj_op id, const char *json,
                                       size_t length)
{
    plugin_host *host = (plugin_host *)api->ctx;
    rj_status status = RJ_OK;
    json_error_t error;
    json_t *parsed;
    char *copy;
    host_op *op;

    if (length > RESULT_LIMIT)
        return RJ_E_LIMIT;
    parsed = json_loadb(json, length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!parsed) {
        host_misuse(host, "op %llu: the result is not JSON: %s", (unsigned long long)id,
                    error.text);
        return RJ_E_INVALID;
    }
    json_decref(parsed);
    copy = malloc(length + 1);
    if (!copy)
        return RJ_E_NO_MEMORY;
    memcpy(copy, json, length);
    copy[length] = '\0';

    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, id);
    if (op && !op->finished) {
        free(op->result);
        op->result = copy;
        copy = NULL;
    } else {
        status = RJ_E_NOT_FOUND;
    }
    pthread_mutex_unlock(&host->lock);
    free(copy);
    if (status)
        host_misuse(host, "op %llu: a result after the answer", (unsigned long long)id);
    return status;
}

static void RJ_CALL op_finish(const rj_host *api, rj_op id, rj_status status, const char *message)
{
    plugin_host *host = (plugin_host *)api->ctx;
    const char *misuse = NULL;
    host_op *op;

    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, id);
    if (!op) {
        misuse = "finish of an op that never was";
    } else if (op->finished) {
        misuse = "finished twice";
    } else {
        if (op->abandoned)
            misuse = "finished after it was given up";
        else if (status > 0)
            misuse = "finished with a status above 0";
        else if (status < 0 && (!message || !*message))
            misuse = "failed without a message";
        op->finished = true;
        op->status = status;
        snprintf(op->message, sizeof op->message, "%s", message ? message : "");
        op->wake = NULL;
    }
    pthread_mutex_unlock(&host->lock);
    if (misuse)
        host_misuse(host, "op %llu: %s", (unsigned long long)id, misuse);
    host_wake(host);
}

static int32_t RJ_CALL op_cancelled(const rj_host *api, rj_op id)
{
    plugin_host *host = (plugin_host *)api->ctx;
    int32_t cancelled = 1;
    host_op *op;

    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, id);
    if (op && !op->finished)
        cancelled = host_op_cancelled(op);
    pthread_mutex_unlock(&host->lock);
    return cancelled;
}

static int64_t RJ_CALL op_remaining_ms(const rj_host *api, rj_op id)
{
    plugin_host *host = (plugin_host *)api->ctx;
    int64_t remaining = 0;
    host_op *op;

    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, id);
    if (op && !op->finished)
        remaining = op->deadline - host_now_ms();
    pthread_mutex_unlock(&host->lock);
    return remaining > 0 ? remaining : 0;
}

static rj_status RJ_CALL op_on_cancel(const rj_host *api, rj_op id, void(RJ_CALL *wake)(void *data),
                                      void *data)
{
    plugin_host *host = (plugin_host *)api->ctx;
    rj_status status = RJ_E_NOT_FOUND;
    host_op *op;

    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, id);
    if (op && !op->finished) {
        op->wake = wake;
        op->wake_data = data;
        status = RJ_OK;
    }
    pthread_mutex_unlock(&host->lock);
    host_wake(host);
    return status;
}

const rj_host_op host_op_table = {
    sizeof(rj_host_op), RJ_ABI_MINOR, op_progress,     op_set_result,
    op_finish,          op_cancelled, op_remaining_ms, op_on_cancel,
};

/* Tell plugins that asked for it about ops that should end.  Loop thread. */
void host_call_wakes(plugin_host *host)
{
    for (;;) {
        void(RJ_CALL * wake)(void *data) = NULL;
        void *data = NULL;

        pthread_mutex_lock(&host->lock);
        for (host_op *op = host->ops; op && !wake; op = op->next) {
            if (op->wake && !op->finished && host_op_cancelled(op)) {
                wake = op->wake;
                data = op->wake_data;
                op->wake = NULL;
            }
        }
        pthread_mutex_unlock(&host->lock);
        if (!wake)
            return;
        wake(data);
    }
}
