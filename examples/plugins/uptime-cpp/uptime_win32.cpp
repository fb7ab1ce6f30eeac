/* SPDX-License-Identifier: MIT */
#include "uptime.h"

#include <windows.h>

/* Windows has it in no file, so a root changes nothing. */
std::string uptime_source(const std::string &)
{
    return "GetTickCount64";
}

double read_uptime(const std::string &, std::string &found)
{
    const ULONGLONG milliseconds = GetTickCount64();
    found = std::to_string(milliseconds / 1000) + " s";
    return static_cast<double>(milliseconds) / 1000;
}
