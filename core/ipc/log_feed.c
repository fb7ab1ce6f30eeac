/* SPDX-License-Identifier: MIT */
/*
 * The log over the local interface: its last lines (method "log") and new ones (topic "log").
 *
 * Root sees every line, a user those of runs they asked for since the service started, told by the
 * correlation id in the line's fourth field.
 *
 * New lines come on any thread.  They are kept in a short list under a lock and sent from the loop;
 * while nobody subscribed, a line costs one atomic read.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "ipc/server_internal.h"
#include "platform/file.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define OWNERS 128u
#define WAITING_LINES 256u
#define FILE_MAX ((size_t)4 * 1024 * 1024)
#define ANSWER_BYTES ((size_t)512 * 1024)
#define LINES_DEFAULT 50
#define LINES_MAX 2000

typedef struct log_line {
    struct log_line *next;
    char text[];
} log_line;

struct rj_log_feed {
    rj_server *server;
    atomic_uint watchers;

    uv_mutex_t lock; /* guards what follows, up to the owners */
    log_line *first, **end;
    unsigned count, dropped;
    bool posted;
    rj_post post;

    struct {
        char correlation[RJ_CORRELATION_SIZE];
        rj_uid uid;
    } owners[OWNERS];
    unsigned next_owner;
};

/* ---- Who may see a line ---------------------------------------------------------------------- */

void rj_log_feed_own(rj_log_feed *feed, const char *correlation, rj_uid uid)
{
    for (unsigned i = 0; i < OWNERS; i++) {
        if (feed->owners[i].uid == uid && strcmp(feed->owners[i].correlation, correlation) == 0)
            return;
    }
    snprintf(feed->owners[feed->next_owner].correlation, RJ_CORRELATION_SIZE, "%s", correlation);
    feed->owners[feed->next_owner].uid = uid;
    feed->next_owner = (feed->next_owner + 1) % OWNERS;
}

/* The fourth field of "time|level|logger|correlation|message". */
static bool owns_line(const rj_log_feed *feed, rj_uid uid, const char *line, size_t length)
{
    const char *field = line, *end = line + length;
    for (int i = 0; i < 3; i++) {
        field = memchr(field, '|', (size_t)(end - field));
        if (!field)
            return false;
        field++;
    }
    const char *stop = memchr(field, '|', (size_t)(end - field));
    size_t size = stop ? (size_t)(stop - field) : 0;
    if (size < 2 || size >= RJ_CORRELATION_SIZE) /* "-": no correlation */
        return false;
    for (unsigned i = 0; i < OWNERS; i++) {
        if (feed->owners[i].uid == uid && strlen(feed->owners[i].correlation) >= size &&
            strncmp(feed->owners[i].correlation, field, size) == 0)
            return true;
    }
    return false;
}

static bool may_see(const rj_log_feed *feed, const rj_connection *connection, const char *line,
                    size_t length)
{
    return connection->admin || owns_line(feed, connection->peer.uid, line, length);
}

/* ---- New lines ------------------------------------------------------------------------------- */

static void send_line(rj_log_feed *feed, const char *line)
{
    rj_text text = RJ_TEXT_EMPTY;
    json_t *document = json_pack("{s:s}", "line", line);
    if (document)
        rj_message_add_event(&text, "log", document);
    json_decref(document);
    rj_connection *next;
    for (rj_connection *client = feed->server->connections; client; client = next) {
        next = client->next;
        if (text.length > 0 && !rj_text_failed(&text) && !client->closing &&
            (client->topics & RJ_TOPIC_LOG) && may_see(feed, client, line, strlen(line)))
            rj_connection_send(client, text.bytes, text.length);
    }
    rj_text_free(&text);
}

static void send_lines(void *data)
{
    rj_log_feed *feed = data;
    uv_mutex_lock(&feed->lock);
    log_line *line = feed->first;
    unsigned dropped = feed->dropped;
    feed->first = NULL;
    feed->end = &feed->first;
    feed->count = feed->dropped = 0;
    feed->posted = false;
    uv_mutex_unlock(&feed->lock);
    while (line) {
        log_line *next = line->next;
        send_line(feed, line->text);
        rj_free(line);
        line = next;
    }
    if (dropped > 0) {
        char text[64];
        snprintf(text, sizeof text, "|||-|%u lines came too fast to be shown", dropped);
        send_line(feed, text);
    }
}

static void on_line(void *data, int level, const char *line)
{
    rj_log_feed *feed = data;
    (void)level;
    if (atomic_load_explicit(&feed->watchers, memory_order_relaxed) == 0)
        return;
    size_t length = strlen(line);
    while (length > 0 && line[length - 1] == '\n')
        length--;
    log_line *kept = rj_malloc(sizeof *kept + length + 1);
    if (kept) {
        kept->next = NULL;
        memcpy(kept->text, line, length);
        kept->text[length] = '\0';
    }
    uv_mutex_lock(&feed->lock);
    if (kept && feed->count < WAITING_LINES) {
        *feed->end = kept;
        feed->end = &kept->next;
        feed->count++;
        kept = NULL;
    } else {
        feed->dropped++;
    }
    bool post = !feed->posted;
    feed->posted = true;
    uv_mutex_unlock(&feed->lock);
    rj_free(kept);
    if (post)
        rj_loop_post(feed->server->loop, &feed->post, send_lines, feed);
}

void rj_log_feed_watch(rj_log_feed *feed, bool wanted)
{
    if (wanted)
        atomic_fetch_add(&feed->watchers, 1u);
    else
        atomic_fetch_sub(&feed->watchers, 1u);
}

rj_status rj_log_feed_new(rj_server *server, rj_log_feed **ret_feed, rj_error *err)
{
    rj_log_feed *feed = rj_calloc(1, sizeof *feed);
    if (!feed || uv_mutex_init(&feed->lock) != 0) {
        rj_free(feed);
        return rj_fail_memory(err, "following the log");
    }
    feed->server = server;
    feed->end = &feed->first;
    rj_log_set_listener(on_line, feed);
    *ret_feed = feed;
    return RJ_OK;
}

void rj_log_feed_free(rj_log_feed *feed)
{
    if (!feed)
        return;
    rj_log_set_listener(NULL, NULL);
    while (feed->first) {
        log_line *line = feed->first;
        feed->first = line->next;
        rj_free(line);
    }
    uv_mutex_destroy(&feed->lock);
    rj_free(feed);
}

/* ---- The last lines -------------------------------------------------------------------------- */

typedef struct log_tail {
    const rj_log_feed *feed;
    const rj_connection *connection;
    size_t wanted;
    size_t bytes;
    json_t *newest_first;
    bool failed;
} log_tail;

static bool is_full(const log_tail *tail)
{
    return tail->failed || json_array_size(tail->newest_first) >= tail->wanted ||
           tail->bytes >= ANSWER_BYTES;
}

static void take_lines(log_tail *tail, const char *bytes, size_t length)
{
    while (length > 0 && !is_full(tail)) {
        size_t end = bytes[length - 1] == '\n' ? length - 1 : length;
        size_t begin = end;
        while (begin > 0 && bytes[begin - 1] != '\n')
            begin--;
        const char *line = bytes + begin;
        if (end > begin && may_see(tail->feed, tail->connection, line, end - begin)) {
            json_t *text = json_stringn(line, end - begin);
            tail->failed |= text && json_array_append_new(tail->newest_first, text) != 0;
            tail->bytes += end - begin;
        }
        length = begin;
    }
}

/* "realmjoin.001.log" ... "realmjoin.log" sort oldest first. */
static void take_files(log_tail *tail, const char *folder)
{
    char **names = NULL;
    size_t count = 0;
    if (rj_dir_list(folder, 1000, &names, &count, NULL) != RJ_OK)
        return;
    while (count-- > 0 && !is_full(tail)) {
        const char *name = names[count];
        size_t length = strlen(name);
        if (strncmp(name, "realmjoin.", 10) != 0 || length < 4 ||
            strcmp(name + length - 4, ".log") != 0)
            continue;
        char *path = NULL, *bytes = NULL;
        size_t size = 0;
        if (rj_path_join(folder, name, &path, NULL) == RJ_OK &&
            rj_file_read(path, FILE_MAX, &bytes, &size, NULL) == RJ_OK)
            take_lines(tail, bytes, size);
        rj_free(bytes);
        rj_free(path);
    }
    rj_free(names);
}

rj_status rj_method_log(rj_call *call, json_t **ret_result, rj_error *err)
{
    int64_t wanted = LINES_DEFAULT;
    rj_status status = rj_call_integer(call, "lines", 1, LINES_MAX, &wanted, err);
    if (status != RJ_OK)
        return status;
    log_tail tail = {.feed = call->server->log_feed,
                     .connection = call->connection,
                     .wanted = (size_t)wanted,
                     .newest_first = json_array()};
    json_t *lines = json_array();
    tail.failed = !tail.newest_first || !lines;
    take_files(&tail, rj_path(call->server->paths, RJ_PATH_LOG));
    for (size_t i = json_array_size(tail.newest_first); i > 0 && !tail.failed; i--)
        tail.failed = json_array_append(lines, json_array_get(tail.newest_first, i - 1)) != 0;
    json_decref(tail.newest_first);
    json_t *result = tail.failed ? NULL : json_pack("{s:O}", "lines", lines);
    json_decref(lines);
    if (!result)
        return rj_fail_memory(err, "reading the log");
    *ret_result = result;
    return RJ_OK;
}
