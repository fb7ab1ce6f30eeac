/* SPDX-License-Identifier: MIT */
/* What the probe offers: its own lists, and those of the manifests that tests write for it. */
#ifndef TEST_PLUGINS_PROBE_IDS_H
#define TEST_PLUGINS_PROBE_IDS_H

#define PROBE_CHECK_IDS                                                                            \
    "well", "lane", "never", "twice", "late", "silent", "flood", "wedge", "polite", "not-json",    \
        "huge", "strange", "forget", "wake", "timer", "timers", "kv", "config", "publish",         \
        "heard", "fill-lane", "busy-lane", "spawn", "spawn-log", "spawn-kill", "spawn-limit",      \
        "spawn-long", "spawn-none", "spawn-quiet", "stop-refuse", "stop-timer", "slow-progress",   \
        "unknown-op", "multi-line", "put-back", "spawn-out", "spawn-up", "secret", "secret-fail",  \
        "secret-crash"
#define PROBE_FORMATS "probe-format"

#endif
