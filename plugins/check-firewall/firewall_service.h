/* SPDX-License-Identifier: MIT */
/* Whether the service that enforces Windows' firewall runs (firewall_service_win32.c). */
#ifndef CHECK_FIREWALL_FIREWALL_SERVICE_H
#define CHECK_FIREWALL_FIREWALL_SERVICE_H

#include <stddef.h>

typedef enum firewall_service {
    FIREWALL_SERVICE_RUNS,
    FIREWALL_SERVICE_STOPPED,
    FIREWALL_SERVICE_UNKNOWN,
} firewall_service;

/* `ret_found` gets what to show: "running", "state 1", "error 1060". */
firewall_service firewall_service_look(const char *name, char *ret_found, size_t size);

#endif
