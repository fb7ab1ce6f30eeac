/* SPDX-License-Identifier: MIT */
/*
 * What an administrator looks for in the system's own event log: few events, each a whole sentence there.
 * The agent's log has them and everything else as well.
 *
 * win32: the Application log, source `realmjoin`; the sentences are in realmjoinservice.exe
 * (core/service/events.mc), and the MSI names that file to Windows.  posix: the service manager keeps what
 * the service prints, so there is none.
 *
 * Silent until rj_event_log_open(): only the installed service speaks there.  [any]
 */
#ifndef RJ_PLATFORM_EVENT_LOG_H
#define RJ_PLATFORM_EVENT_LOG_H

/* Numbers of core/service/events.mc: other products look for them, so none ever gets another meaning. */
typedef enum rj_event {
    RJ_EVENT_SERVICE_STARTED = 1, /* version */
    RJ_EVENT_SERVICE_STOPPED = 2, /* version, why */
    RJ_EVENT_SERVICE_FAILED = 3,  /* version, why */
    RJ_EVENT_PACKAGE_FAILED = 10, /* package, why */
    RJ_EVENT_PLUGIN_REFUSED = 20  /* plugin, why */
} rj_event;

typedef struct rj_event_log {
    void (*report)(void *data, rj_event event, const char *about, const char *why);
    void *data;
} rj_event_log;

/* NULL: the system's.  Before other threads run. */
void rj_event_log_open(const rj_event_log *log);
void rj_event_log_close(void);

/* `why` may be NULL. */
void rj_event_log_report(rj_event event, const char *about, const char *why);

#endif
