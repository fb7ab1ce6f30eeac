/* SPDX-License-Identifier: MIT */
#include "probe_system.h"

#include <windows.h>

void sleep_ms(long ms)
{
    Sleep((DWORD)ms);
}
