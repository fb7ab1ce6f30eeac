/* SPDX-License-Identifier: MIT */
/* What the fragile plugin offers: its own list, and that of the manifest that tests write for it. */
#ifndef TEST_PLUGINS_FRAGILE_IDS_H
#define TEST_PLUGINS_FRAGILE_IDS_H

#define FRAGILE_CHECK_IDS                                                                          \
    "fine", "abort", "exit", "wild", "late-abort", "abort-lane", "abort-timer", "hang-loop",       \
        "hang-lane", "busy", "lane", "arm-stop", "arm-destroy", "awake", "tired", "child",         \
        "short-child", "config", "heard"

#endif
