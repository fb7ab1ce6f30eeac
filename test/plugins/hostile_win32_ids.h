/* SPDX-License-Identifier: MIT */
/* What the hostile plugin of Windows offers: its own list, and that of the manifest in its tests. */
#ifndef TEST_PLUGINS_HOSTILE_WIN32_IDS_H
#define TEST_PLUGINS_HOSTILE_WIN32_IDS_H

#define HOSTILE_CHECK_IDS                                                                          \
    "well", "try-processes", "try-token", "try-files", "try-handle", "try-memory", "try-fast-fail"

#endif
