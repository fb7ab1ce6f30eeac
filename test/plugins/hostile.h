/* SPDX-License-Identifier: MIT */
/* What the files of the hostile plugin share: hostile.c (the plugin, its files and sockets),
 * hostile_kernel.c (processes, memory, system calls), hostile_ends.c (floods and ends). */
#ifndef TEST_PLUGINS_HOSTILE_H
#define TEST_PLUGINS_HOSTILE_H

#include <realmjoin/check.h>

#include <errno.h>

typedef struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    rj_op now; /* what is being answered */
    int later; /* not at once, but when a program has ended */
    char *config;
    char found[6000]; /* members of the result, so far */
    size_t found_length;
} hostile;

/* One member of the result: the errno of what was refused, 0 of what was allowed. */
void hostile_note(hostile *h, const char *name, long result);
void hostile_count(hostile *h, const char *name, long count);
void hostile_answer(hostile *h);
/* The text of a setting; "" if there is none.  The last few stay valid. */
const char *hostile_setting(const hostile *h, const char *name);
/* "<setting>/<name>" */
const char *hostile_path(const hostile *h, const char *setting, const char *name);
/* The process id of another plugin's worker, found by its command line; -1: none. */
long hostile_find_worker(const char *plugin_id);

/* The call's result is noted under the name. */
#define TRY(NAME, ...) (errno = 0, hostile_note(h, NAME, (long)(__VA_ARGS__)))

#define HOSTILE_DECLARE(ID, FUNCTION) void FUNCTION(hostile *h);

#endif
