/* SPDX-License-Identifier: MIT */
/* Workers are not what the plugins' own tests look at on Windows: whoever asks is told. */
#include "plugin_host_worker.h"

#include <stddef.h>

const char *plugin_worker_open(const plugin_worker_options *options, plugin_worker **ret_worker)
{
    (void)options;
    (void)ret_worker;
    return "on Windows the plugins' tests run them in-process only";
}

void plugin_worker_close(plugin_worker *worker)
{
    (void)worker;
}

const rj_plugin_desc *plugin_worker_desc(void)
{
    return NULL;
}

rj_plugin *plugin_worker_plugin(const plugin_worker *worker)
{
    (void)worker;
    return NULL;
}

const char *plugin_worker_id(const plugin_worker *worker)
{
    (void)worker;
    return "";
}

bool plugin_worker_asks_for(const plugin_worker *worker, const char *capability)
{
    (void)worker;
    (void)capability;
    return false;
}

int plugin_worker_descriptor(const plugin_worker *worker)
{
    (void)worker;
    return -1;
}

int plugin_worker_wait(const plugin_worker *worker, int limit)
{
    (void)worker;
    return limit;
}

void plugin_worker_turn(plugin_worker *worker)
{
    (void)worker;
}
