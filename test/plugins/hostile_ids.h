/* SPDX-License-Identifier: MIT */
/* What the hostile plugin tries: one check id for each group of attempts. */
#ifndef TEST_PLUGINS_HOSTILE_IDS_H
#define TEST_PLUGINS_HOSTILE_IDS_H

#define HOSTILE_ID "org.example.hostile"

/* X(check id, function) */
#define HOSTILE_ATTEMPTS(X)                                                                        \
    X("try-well", well)                                                                            \
    X("try-secrets", secrets)                                                                      \
    X("try-core-memory", core_memory)                                                              \
    X("try-metadata", metadata)                                                                    \
    X("try-allowed-files", allowed_files)                                                          \
    X("try-write-outside", write_outside)                                                          \
    X("try-links", links)                                                                          \
    X("try-own-modes", own_modes)                                                                  \
    X("try-many-files", many_files)                                                                \
    X("try-large-file", large_file)                                                                \
    X("try-granted-files", granted_files)                                                          \
    X("try-packages", packages)                                                                    \
    X("try-sockets", sockets)                                                                      \
    X("try-connections", connections)                                                              \
    X("try-trace", trace)                                                                          \
    X("try-signals", signals)                                                                      \
    X("try-processes", processes)                                                                  \
    X("try-threads", threads)                                                                      \
    X("try-memory", memory)                                                                        \
    X("try-descriptors", descriptors)                                                              \
    X("try-account", account)                                                                      \
    X("try-limits", limits)                                                                        \
    X("try-kernel", kernel)                                                                        \
    X("try-kv-flood", kv_flood)                                                                    \
    X("try-log-flood", log_flood)                                                                  \
    X("try-event-flood", event_flood)                                                              \
    X("try-leak", leak)                                                                            \
    X("try-query-flood", query_flood)                                                              \
    X("try-print-flood", print_flood)                                                              \
    X("try-programs", programs)                                                                    \
    X("try-spawn", spawn)                                                                          \
    X("try-exit", end_by_exit)                                                                     \
    X("try-abort", end_by_abort)                                                                   \
    X("try-kill-itself", end_by_kill)                                                              \
    X("try-stop-itself", end_by_stop)                                                              \
    X("try-spin", spin)                                                                            \
    X("try-spin-aside", spin_aside)                                                                \
    X("try-close-lines", close_lines)                                                              \
    X("try-replace-line", replace_line)                                                            \
    X("try-garbage", garbage)                                                                      \
    X("try-garbage-call", garbage_call)                                                            \
    X("try-foreign-call", foreign_call)

#endif
