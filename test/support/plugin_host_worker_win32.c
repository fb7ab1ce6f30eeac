/* SPDX-License-Identifier: MIT */
/*
 * On Windows the worker's host (plugin_host_worker.c) is a DLL that is loaded by its path: programs under
 * test lie in other folders than it does.
 */
#include "plugin_host_worker.h"

#include <stdlib.h>

#include <windows.h>

#define POLL_MS 5 /* the loop of the worker has no descriptor to wait for */

static HMODULE library;

/* The function of this name; its absence is an error of the build. */
static FARPROC find(const char *name)
{
    FARPROC address = library ? GetProcAddress(library, name) : NULL;

    if (!address)
        abort();
    return address;
}

#define CALL(NAME, RESULT, PARAMETERS, ...)                                                        \
    ((union {                                                                                      \
        FARPROC address;                                                                           \
        RESULT(*function) PARAMETERS;                                                              \
    }){.address = find(NAME)})                                                                     \
        .function(__VA_ARGS__)

const char *plugin_worker_open(const plugin_worker_options *options, plugin_worker **ret_worker)
{
    if (!library)
        library = LoadLibraryA(TEST_WORKER_HOST);
    if (!library)
        return TEST_WORKER_HOST " cannot be loaded";
    return CALL("plugin_worker_open", const char *,
                (const plugin_worker_options *, plugin_worker **), options, ret_worker);
}

void plugin_worker_close(plugin_worker *worker)
{
    CALL("plugin_worker_close", void, (plugin_worker *), worker);
}

const rj_plugin_desc *plugin_worker_desc(void)
{
    return CALL("plugin_worker_desc", const rj_plugin_desc *, (void), );
}

rj_plugin *plugin_worker_plugin(const plugin_worker *worker)
{
    return CALL("plugin_worker_plugin", rj_plugin *, (const plugin_worker *), worker);
}

const char *plugin_worker_id(const plugin_worker *worker)
{
    return CALL("plugin_worker_id", const char *, (const plugin_worker *), worker);
}

bool plugin_worker_asks_for(const plugin_worker *worker, const char *capability)
{
    return CALL("plugin_worker_asks_for", bool, (const plugin_worker *, const char *), worker,
                capability);
}

int plugin_worker_descriptor(const plugin_worker *worker)
{
    return CALL("plugin_worker_descriptor", int, (const plugin_worker *), worker);
}

int plugin_worker_wait(const plugin_worker *worker, int limit)
{
    int wait = CALL("plugin_worker_wait", int, (const plugin_worker *, int), worker, limit);

    return wait > POLL_MS || wait < 0 ? POLL_MS : wait;
}

void plugin_worker_turn(plugin_worker *worker)
{
    CALL("plugin_worker_turn", void, (plugin_worker *), worker);
}
