/* SPDX-License-Identifier: MIT */
/* The plugin check-encryption: the check "encryption", judged by the system's half, check_encryption_*.c. */
#include "check_plugin.h"

const char check_plugin_id[] = "check-encryption";
const char check_plugin_check_id[] = "encryption";
