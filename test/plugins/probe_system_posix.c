/* SPDX-License-Identifier: MIT */
#include "probe_system.h"

#include <time.h>

void sleep_ms(long ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}
