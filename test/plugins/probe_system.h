/* SPDX-License-Identifier: MIT */
/* What the probe needs of the system. */
#ifndef TEST_PLUGINS_PROBE_SYSTEM_H
#define TEST_PLUGINS_PROBE_SYSTEM_H

void sleep_ms(long ms);

#endif
