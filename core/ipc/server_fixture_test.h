/* SPDX-License-Identifier: MIT */
/*
 * The real server and the real client on one loop, with a fake agent behind and, through the linker's
 * --wrap, a caller of our choice at the other end.
 */
#ifndef RJ_IPC_SERVER_FIXTURE_TEST_H
#define RJ_IPC_SERVER_FIXTURE_TEST_H

#include "ipc/client.h"
#include "ipc/server.h"
#include <stddef.h>

enum { ALICE = 4242, BOB = 4243 };

/* Who the kernel says is at the other end of a connection that is accepted now. */
extern rj_uid caller;

/* What the fake agent was asked for. */
struct fake_agent {
    rj_trigger trigger;
    char id[140];
    int requests, checks, cancels;
    rj_uid seen_uid;
    bool seen_admin;
    size_t packages;
    const char *scope; /* of the package that `why` knows; NULL: unknown */
    int came, went;
    /* And the fake runtime: "other" is no plugin. */
    char plugin[140];
    int enabled, disabled, quarantined, cleared;
};
extern struct fake_agent agent;

extern rj_loop *loop;
extern rj_paths *paths;
extern rj_server *server;
extern rj_server_limits limits; /* used by start_server() */
extern int stops;

int set_up(void **state);
int tear_down(void **state);
void start_server(void);
void turns(int count);

/* A client as it should be.  The client checks its peer, too: that is root here. */
typedef struct user {
    rj_client *client;
    json_t *notified;
    bool lost;
} user;

void open_user(user *self, rj_uid uid);
void close_user(user *self);
extern char refusal[1100]; /* the words of the last call that failed */
rj_status call(user *self, const char *method, json_t *params, json_t **ret_result);

/* A client without manners. */
int open_raw(void); /* a stream of "platform/stream.h", test_stream_close() */
void send_raw(int stream, const char *text);
/* Bytes that came; -1: the connection is closed, or nothing came. */
long read_raw(int stream, char *text, size_t size);

#endif
