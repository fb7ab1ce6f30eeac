/* SPDX-License-Identifier: MIT */
/* The plugin check-firewall: the check "firewall", judged by the system's half, check_firewall_*.c. */
#include "check_plugin.h"

const char check_plugin_id[] = "check-firewall";
const char check_plugin_check_id[] = "firewall";
