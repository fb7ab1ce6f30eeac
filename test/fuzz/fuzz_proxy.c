/* SPDX-License-Identifier: MIT */
/*
 * A worker of the fuzzer's making against the real proxy: its frames, calls and output, cut as they
 * come, between cancellations, notices, ends of children and a stop.
 *
 *     input: records of kind u8, argument u16, and for the first three kinds so many bytes
 *
 * The process and the host are fakes.  Every question must be answered exactly once, every child's end
 * be taken, and nothing be left.
 */
#include "platform/stream.h"
#include "runtime/proxy.h"

#include "fuzz_target.h"

#include <realmjoin/check.h>
#include <realmjoin/draft/secret.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPS 16u
#define CHILDREN 8u
#define LIVES 3u

static void must(bool good)
{
    if (!good)
        abort();
}

/* ---- The process ----------------------------------------------------------------------------- */

enum { FRAMES, CALLS, OUTPUT, LINES };

struct rj_worker_process {
    int ours[LINES];
    int theirs[LINES]; /* -1: closed */
    bool dead;
    uint64_t begun;
};

static struct rj_worker_process *process; /* NULL: there is none */
static unsigned lives;

static void hang_up(struct rj_worker_process *gone)
{
    gone->dead = true;
    for (size_t i = 0; i < LINES; i++) {
        if (gone->theirs[i] >= 0)
            close(gone->theirs[i]);
        gone->theirs[i] = -1;
    }
}

int rj_worker_process_frames(const rj_worker_process *p)
{
    return p->ours[FRAMES];
}

int rj_worker_process_calls(const rj_worker_process *p)
{
    return p->ours[CALLS];
}

int rj_worker_process_output(const rj_worker_process *p)
{
    return p->ours[OUTPUT];
}

long rj_worker_process_pid(const rj_worker_process *p)
{
    (void)p;
    return 4711;
}

uint64_t rj_worker_process_begun(const rj_worker_process *p)
{
    return p->begun;
}

_Atomic uint64_t *rj_worker_map_begun(void)
{
    return NULL; /* no worker here */
}

void rj_worker_process_kill(rj_worker_process *p)
{
    hang_up(p);
}

bool rj_worker_process_ended(rj_worker_process *p, rj_process_end *ret_end)
{
    if (p->dead)
        *ret_end = (rj_process_end){.signalled = true, .value = 11};
    return p->dead;
}

uint64_t rj_worker_process_peak_kb(const rj_worker_process *p)
{
    (void)p;
    return 0;
}

bool rj_worker_process_usage(const rj_worker_process *p, uint64_t *ret_memory_kb,
                             uint64_t *ret_cpu_ms)
{
    (void)p;
    *ret_memory_kb = *ret_cpu_ms = 1;
    return true;
}

void rj_worker_process_free(rj_worker_process *p)
{
    hang_up(p);
    for (size_t i = 0; i < LINES; i++)
        close(p->ours[i]);
    must(p == process);
    free(p);
    process = NULL;
}

const char *rj_signal_text(int number)
{
    (void)number;
    return "a signal";
}

rj_status rj_worker_process_start(const rj_worker_spec *spec, rj_worker_process **ret_process,
                                  rj_error *err)
{
    (void)spec;
    if (lives++ >= LIVES)
        return rj_fail(err, RJ_E_FAILED, "no more lives");
    must(!process);
    process = calloc(1, sizeof *process);
    must(process != NULL);
    for (size_t i = 0; i < LINES; i++) {
        int pair[2];
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        process->ours[i] = pair[0];
        process->theirs[i] = pair[1];
    }
    *ret_process = process;
    return RJ_OK;
}

static rj_status start(void *data, rj_worker_process **ret_process, uint64_t *ret_wait_ms,
                       rj_error *err)
{
    (void)data;
    (void)ret_wait_ms;
    return rj_worker_process_start(NULL, ret_process, err);
}

/* ---- The host -------------------------------------------------------------------------------- */

static struct {
    bool asked;
    unsigned answers;
    void(RJ_CALL *wake)(void *data);
    void *wake_data;
} ops[OPS + 2]; /* by number; the last is the stop's */

static struct {
    void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how);
    void *data;
} children[CHILDREN];

static struct {
    void(RJ_CALL *listener)(void *data, const char *topic, const char *json, size_t length);
    void *data;
} listeners[32];

static void RJ_CALL progress(const rj_host *host, rj_op op, int32_t permille, const char *text)
{
    (void)host;
    (void)permille;
    must(op <= OPS && ops[op].asked && !ops[op].answers && strlen(text) < SIZE_MAX);
}

static rj_status RJ_CALL set_result(const rj_host *host, rj_op op, const char *json, size_t length)
{
    (void)host;
    must(op <= OPS && ops[op].asked && !ops[op].answers && json[length] == '\0');
    return RJ_OK;
}

static void RJ_CALL finish(const rj_host *host, rj_op op, rj_status status, const char *message)
{
    (void)host;
    must(op <= OPS + 1 && ops[op].asked && ops[op].answers++ == 0);
    must(status == RJ_OK || !message || strlen(message) < SIZE_MAX);
    ops[op].wake = NULL;
}

static int32_t RJ_CALL cancelled(const rj_host *host, rj_op op)
{
    (void)host;
    (void)op;
    return 0;
}

static int64_t RJ_CALL remaining_ms(const rj_host *host, rj_op op)
{
    (void)host;
    return op % 2 ? 1000 : 0;
}

static rj_status RJ_CALL on_cancel(const rj_host *host, rj_op op, void(RJ_CALL *wake)(void *data),
                                   void *data)
{
    (void)host;
    ops[op].wake = wake;
    ops[op].wake_data = data;
    return RJ_OK;
}

static void RJ_CALL write_line(const rj_host *host, int32_t level, rj_op op, const char *text)
{
    (void)host;
    (void)level;
    (void)op;
    must(strlen(text) < SIZE_MAX);
}

static rj_status RJ_CALL read_config(const rj_host *host, rj_sink sink, void *data)
{
    (void)host;
    sink(data, "{}", 2);
    return RJ_OK;
}

static rj_status RJ_CALL kv_get(const rj_host *host, const char *key, rj_sink sink, void *data)
{
    (void)host;
    sink(data, key, strlen(key));
    return *key ? RJ_OK : RJ_E_NOT_FOUND;
}

static rj_status RJ_CALL kv_set(const rj_host *host, const char *key, const void *bytes,
                                size_t length)
{
    (void)host;
    must(((const char *)bytes)[length] == '\0' && strlen(key) < SIZE_MAX);
    return RJ_OK;
}

static rj_status RJ_CALL kv_remove(const rj_host *host, const char *key)
{
    (void)host;
    return *key ? RJ_OK : RJ_E_INVALID;
}

static rj_status RJ_CALL publish(const rj_host *host, const char *topic, const char *json,
                                 size_t length)
{
    (void)host;
    must(json[length] == '\0');
    return *topic ? RJ_OK : RJ_E_INVALID;
}

static rj_status RJ_CALL subscribe(const rj_host *host, const char *prefix,
                                   void(RJ_CALL *listener)(void *data, const char *topic,
                                                           const char *json, size_t length),
                                   void *data, uint64_t *ret_subscription)
{
    (void)host;
    for (size_t i = 0; *prefix && i < sizeof listeners / sizeof listeners[0]; i++) {
        if (listeners[i].listener)
            continue;
        listeners[i].listener = listener;
        listeners[i].data = data;
        *ret_subscription = i + 1;
        return RJ_OK;
    }
    return RJ_E_LIMIT;
}

static void RJ_CALL unsubscribe(const rj_host *host, uint64_t number)
{
    (void)host;
    must(number >= 1 && number <= sizeof listeners / sizeof listeners[0]);
    must(listeners[number - 1].listener != NULL);
    listeners[number - 1].listener = NULL;
}

static rj_status RJ_CALL spawn_start(const rj_host *host, rj_op op, const rj_spawn *what,
                                     void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                                     void *data, uint64_t *ret_child)
{
    (void)host;
    must(op <= OPS && ops[op].asked && !ops[op].answers);
    for (size_t i = 0; what->arguments[i]; i++)
        must(strlen(what->arguments[i]) < SIZE_MAX);
    for (size_t i = 0; *what->program && i < CHILDREN; i++) {
        if (children[i].on_exit)
            continue;
        children[i].on_exit = on_exit;
        children[i].data = data;
        *ret_child = i + 1;
        return RJ_OK;
    }
    return RJ_E_INVALID;
}

static void RJ_CALL spawn_kill(const rj_host *host, uint64_t child)
{
    (void)host;
    must(child >= 1 && child <= CHILDREN && children[child - 1].on_exit);
}

static void end_child(size_t index)
{
    rj_spawn_exit how = {.size = sizeof how, .tail = "tail", .tail_length = 4};
    void(RJ_CALL * on_exit)(void *, const rj_spawn_exit *) = children[index].on_exit;
    children[index].on_exit = NULL;
    if (on_exit)
        on_exit(children[index].data, &how);
}

static rj_status RJ_CALL attach(const rj_host *host, rj_op op, const char *name, const void *bytes,
                                size_t length)
{
    (void)host;
    must(op <= OPS && ops[op].asked && !ops[op].answers);
    must(((const char *)bytes)[length] == '\0');
    return *name ? RJ_OK : RJ_E_INVALID;
}

static rj_status RJ_CALL read_secret(const rj_host *host, rj_secret secret, rj_sink sink,
                                     void *data)
{
    (void)host;
    if (secret % 2)
        return RJ_E_NOT_FOUND;
    sink(data, "secret", 6);
    return RJ_OK;
}

static rj_secret RJ_CALL secret_of(const rj_host *host, rj_op op)
{
    (void)host;
    return op;
}

static const rj_host_op op_table = {.size = sizeof op_table,
                                    .progress = progress,
                                    .set_result = set_result,
                                    .finish = finish,
                                    .cancelled = cancelled,
                                    .remaining_ms = remaining_ms,
                                    .on_cancel = on_cancel};
static const rj_host_log log_table = {.size = sizeof log_table, .write = write_line};
static const rj_host_config config_table = {.size = sizeof config_table, .read = read_config};
static const rj_host_kv kv_table = {
    .size = sizeof kv_table, .get = kv_get, .set = kv_set, .remove = kv_remove};
static const rj_host_event event_table = {.size = sizeof event_table,
                                          .publish = publish,
                                          .subscribe = subscribe,
                                          .unsubscribe = unsubscribe};
static const rj_host_spawn spawn_table = {
    .size = sizeof spawn_table, .start = spawn_start, .kill = spawn_kill};

static const rj_host_secret secret_table = {
    .size = sizeof secret_table, .attach = attach, .read = read_secret, .of_op = secret_of};

static const void *RJ_CALL query(const rj_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } services[] = {{RJ_HOST_OP, &op_table},         {RJ_HOST_LOG, &log_table},
                    {RJ_HOST_CONFIG, &config_table}, {RJ_HOST_KV, &kv_table},
                    {RJ_HOST_EVENT, &event_table},   {RJ_HOST_SPAWN, &spawn_table},
                    {RJ_HOST_SECRET, &secret_table}};
    (void)host;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        if (strcmp(services[i].id, id) == 0)
            return services[i].table;
    return NULL;
}

/* ---- The play -------------------------------------------------------------------------------- */

static rj_loop *loop;
static rj_proxy *proxy;
static unsigned asked;

static rj_plugin *plugin(void)
{
    return (rj_plugin *)(void *)proxy;
}

static void ask(void)
{
    const rj_check *check = rj_proxy_desc.query(plugin(), RJ_CHECK);
    if (asked == OPS)
        return;
    ops[++asked].asked = true;
    check->evaluate(plugin(), "check", asked);
}

static void drain(int line)
{
    static char nowhere[65536];
    while (process && process->theirs[line] >= 0 &&
           rj_stream_read(process->theirs[line], nowhere, sizeof nowhere) > 0)
        ;
}

static void speak(int line, const uint8_t *bytes, size_t length)
{
    if (!process || process->dead)
        return;
    rj_stream_write(process->theirs[line], bytes, length);
    rj_loop_turn(loop, 0);
    drain(FRAMES);
    drain(CALLS);
}

static void stop(void)
{
    if (ops[OPS + 1].asked)
        return;
    ops[OPS + 1].asked = true;
    rj_proxy_desc.stop(plugin(), OPS + 1);
}

static void act(unsigned kind, unsigned argument)
{
    unsigned op = argument % OPS + 1;
    switch (kind) {
    case 3:
        if (ops[op].asked && !ops[op].answers && ops[op].wake) {
            void(RJ_CALL * wake)(void *) = ops[op].wake;
            ops[op].wake = NULL;
            wake(ops[op].wake_data);
        }
        break;
    case 4:
        if (listeners[argument % 32].listener)
            listeners[argument % 32].listener(listeners[argument % 32].data, "host.x", "{}", 2);
        break;
    case 5:
        ask();
        break;
    case 6:
        end_child(argument % CHILDREN);
        break;
    case 7:
        if (process && argument % 5 == 0)
            hang_up(process);
        else if (argument % 5 == 1)
            stop();
        else if (argument % 5 == 2)
            rj_proxy_retire(proxy);
        else if (process && argument % 5 == 4)
            process->begun = argument / 5;
        else
            json_decref(rj_proxy_describe(proxy));
        break;
    default:
        break;
    }
    rj_loop_turn(loop, 0);
}

/* Everything is answered, everything given back. */
static void end(void)
{
    lives = LIVES;
    if (process)
        hang_up(process);
    stop();
    for (unsigned i = 0; i < 200 && process; i++)
        rj_loop_turn(loop, 1);
    must(!process);
    must(ops[OPS + 1].answers == 1);
    for (unsigned op = 1; op <= asked; op++)
        must(ops[op].answers == 1);
    for (size_t i = 0; i < CHILDREN; i++)
        end_child(i);
    rj_proxy_desc.destroy(plugin());
    for (size_t i = 0; i < sizeof listeners / sizeof listeners[0]; i++)
        must(!listeners[i].listener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const provides[] = {RJ_CHECK, NULL};
    static const char *const checks[] = {"check", NULL};
    static const rj_sandbox sandbox;
    static const rj_host host = {.size = sizeof host, .query = query};
    rj_proxy_options options = {.loop = loop,
                                .host = &host,
                                .id = "fuzz",
                                .version = "1.0.0",
                                .provides = provides,
                                .checks = checks,
                                .sandbox = &sandbox,
                                .idle_ms = 60000,
                                .grace_ms = 1000,
                                .start = start};
    if (!loop)
        must(rj_loop_new(&loop, NULL) == RJ_OK);
    options.loop = loop;
    memset(ops, 0, sizeof ops);
    memset(children, 0, sizeof children);
    memset(listeners, 0, sizeof listeners);
    asked = lives = 0;
    must(rj_proxy_new(&options, &proxy, NULL) == RJ_OK);
    ask();
    ask();
    while (size >= 3) {
        unsigned kind = data[0] % 8;
        size_t argument = (size_t)data[1] | (size_t)data[2] << 8;
        data += 3;
        size -= 3;
        if (kind >= LINES) {
            act(kind, (unsigned)argument);
            continue;
        }
        size_t length = argument < size ? argument : size;
        speak((int)kind, data, length);
        data += length;
        size -= length;
    }
    end();
    return 0;
}
