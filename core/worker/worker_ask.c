/* SPDX-License-Identifier: MIT */
/* Questions: an op of our own table under the core's handle, given to the plugin by the runner. */
#include "worker/worker.h"

#include "base/alloc.h"
#include "base/json.h"
#include "platform/system.h"
#include "runtime/runner.h"
#include "worker/uplink.h"

#include <stdatomic.h>
#include <stdio.h>

static rj_status send_finish(rj_op op, rj_status status, const char *message, const char *json,
                             size_t length)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_FINISH, op);
    rj_wire_put_i32(&writer, status);
    rj_wire_put_text(&writer, message);
    rj_wire_put_bytes(&writer, json, length);
    return rj_uplink_send(&writer);
}

/* An answer that cannot be sent whole is sent as that; if not even this can be, we are of no use. */
static void send_answer(rj_op op, rj_status status, const char *message, const json_t *result)
{
    size_t length = 0;
    char *json = result ? rj_json_print(result, &length) : NULL;
    rj_status sent = result && !json             ? RJ_E_NO_MEMORY
                     : length > RJ_OP_RESULT_MAX ? RJ_E_LIMIT
                                                 : send_finish(op, status, message, json, length);
    if (sent)
        sent = send_finish(op, sent,
                           sent == RJ_E_LIMIT ? "its result is larger than a worker can pass on"
                                              : "out of memory while answering",
                           NULL, 0);
    if (sent)
        rj_system_exit_now(1);
    if (rj_the_worker.unsaid == op)
        rj_the_worker.unsaid = 0; /* its answer says it */
    rj_free(json);
}

static void on_answered(const rj_op_answer *answer)
{
    send_answer(answer->op, answer->status, answer->message, answer->result);
    rj_free(answer->question->data);
}

static void on_progressed(void *data, int permille, const char *text)
{
    rj_wire_writer writer = {0};
    const rj_op *op = data;
    rj_wire_begin(&writer, RJ_WIRE_PROGRESS, *op);
    rj_wire_put_i32(&writer, permille);
    rj_wire_put_text(&writer, text);
    rj_uplink_send(&writer);
}

static void give(rj_instance *instance, uint32_t verb, const char *argument, rj_op op)
{
    static const rj_package_verb verbs[] = {[RJ_WIRE_DETECT] = RJ_PACKAGE_DETECT,
                                            [RJ_WIRE_FETCH] = RJ_PACKAGE_FETCH,
                                            [RJ_WIRE_INSTALL] = RJ_PACKAGE_INSTALL,
                                            [RJ_WIRE_UNINSTALL] = RJ_PACKAGE_UNINSTALL,
                                            [RJ_WIRE_RECOVER] = RJ_PACKAGE_RECOVER};
    bool is_check = verb == RJ_WIRE_EVALUATE || verb == RJ_WIRE_REMEDIATE;
    if (is_check ? !instance->check : !instance->package)
        rj_op_answer_by_host(instance->runtime->ops, op, RJ_E_NOT_APPLICABLE,
                             "the plugin does not provide what was asked");
    else if (verb == RJ_WIRE_EVALUATE)
        rj_runner_evaluate(instance, argument, op);
    else if (verb == RJ_WIRE_REMEDIATE)
        rj_runner_remediate(instance, argument, op);
    else
        rj_runner_package(instance, verbs[verb], argument, op);
}

void rj_worker_on_ask(rj_op op, rj_wire_reader *reader)
{
    rj_worker *worker = &rj_the_worker;
    uint32_t verb = rj_wire_get_u32(reader);
    int64_t remaining_ms = rj_wire_get_i64(reader);
    const char *argument = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader) || verb >= RJ_WIRE_VERB_COUNT)
        return;                      /* no core of ours sends that */
    atomic_store(worker->begun, op); /* before anything can go wrong with it */
    worker->unsaid = op;
    static const char *const verbs[] = {"evaluate", "remediate", "detect", "fetch",
                                        "install",  "uninstall", "recover"};
    char what[96];
    bool is_check = verb == RJ_WIRE_EVALUATE || verb == RJ_WIRE_REMEDIATE;
    snprintf(what, sizeof what, "%s%s%.64s", verbs[verb], is_check ? " " : "",
             is_check ? argument : "");
    rj_op *copy = rj_malloc(sizeof *copy);
    if (copy)
        *copy = op;
    rj_question question = {.deadline_ms = remaining_ms, .progressed = on_progressed, .data = copy};
    rj_op_request request = {.owner = &worker->instance->owner,
                             .what = what,
                             .question = &question,
                             .answered = on_answered};
    if (!copy || !rj_op_adopt(worker->runtime->ops, op, &request)) {
        rj_free(copy);
        send_answer(op, RJ_E_NO_MEMORY, "out of memory in the plugin's worker", NULL);
        return;
    }
    give(worker->instance, verb, argument, op);
    rj_ops_deliver_now(worker->runtime->ops); /* most answer at once */
    if (worker->unsaid != op)
        return;
    rj_wire_writer begun = {0};
    rj_wire_begin(&begun, RJ_WIRE_BEGUN, op);
    rj_uplink_send(&begun);
    worker->unsaid = 0;
}
