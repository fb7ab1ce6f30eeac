/* SPDX-License-Identifier: MIT */
/* What is different on each system: uptime_posix.cpp, uptime_win32.cpp. */
#ifndef UPTIME_H
#define UPTIME_H

#include <string>

/* Where the uptime is read: a file below `root`, or a call of the system. */
std::string uptime_source(const std::string &root);

/* Seconds since the start of the device, and what was found; below 0: that is no uptime. */
double read_uptime(const std::string &source, std::string &found);

#endif
