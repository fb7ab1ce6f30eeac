/* SPDX-License-Identifier: MIT */
/* Further instances of the plugin on a stage, made by calling its functions directly. */
#ifndef RJ_VALIDATE_EXTRA_H
#define RJ_VALIDATE_EXTRA_H

#include "ask.h"

/* What create() answered; *ret_plugin as it left it. */
rj_status rj_extra_create(rj_stage *stage, const char *config, rj_plugin **ret_plugin);
/* The same with another host, such as a watched one. */
rj_status rj_extra_create_with(rj_stage *stage, const rj_host *host, const char *config,
                               rj_plugin **ret_plugin);
/* stop() and destroy(); false, and reported: it did not stop, and must be left alone. */
bool rj_extra_destroy(rj_stage *stage, rj_plugin *plugin);
/* Asks this instance. */
void rj_extra_ask(rj_stage *stage, rj_plugin *plugin, const rj_method *method, int64_t deadline_ms,
                  rj_asked *asked);

#endif
