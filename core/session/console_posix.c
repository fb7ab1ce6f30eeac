/* SPDX-License-Identifier: MIT */
/* Descriptors 1 and 2 are there, whoever reads them. */
#include "session/console.h"

void rj_console_prepare(void)
{
}

bool rj_console_is_seen(void)
{
    return true;
}
