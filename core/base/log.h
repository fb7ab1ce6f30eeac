/* SPDX-License-Identifier: MIT */
/*
 * The program's log: one line an event, to a rotating file and, in the foreground, to stderr.
 *
 *     2026-11-23 10:00:00.0000|INFO |engine.executor|c8f3a1d2|message
 *
 * time (UTC), level, logger, correlation id ("-" if none), message as one printable line.
 * Thread-safe.  Never fails: a line that cannot be written is counted, and the count is the next
 * line's news.  Files: <name>.log, at about 512 KiB moved to <name>.001.log (newest highest), ten
 * kept.
 */
#ifndef RJ_BASE_LOG_H
#define RJ_BASE_LOG_H

#include "base/status.h"
#include <stdbool.h>

/* Levels are RJ_LOG_ERROR ... RJ_LOG_DEBUG of plugin.h. */
rj_status rj_log_open(const char *directory, const char *name, rj_error *err);
void rj_log_to_stderr(bool on);
void rj_log_set_level(int level); /* default RJ_LOG_INFO */
void rj_log_close(void);
void rj_log(int level, const char *logger, const char *correlation, const char *format, ...)
    __attribute__((format(__printf__, 4, 5)));
/* Called for every written line, on the writer's thread, e.g. to feed `realmjoin log --follow`. */
void rj_log_set_listener(void (*listener)(void *data, int level, const char *line), void *data);

#endif
