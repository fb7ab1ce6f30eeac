/* SPDX-License-Identifier: MIT */
/* The plugin check-antivirus: the check "antivirus", judged by the system's half, check_antivirus_*.c. */
#include "check_plugin.h"

const char check_plugin_id[] = "check-antivirus";
const char check_plugin_check_id[] = "antivirus";
