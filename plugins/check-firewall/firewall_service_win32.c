/* SPDX-License-Identifier: MIT */
/* The firewall's service: see firewall_service.h. */
#include "firewall_service.h"

#include <windows.h>

#include <stdio.h>

firewall_service firewall_service_look(const char *name, char *ret_found, size_t size)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager ? OpenServiceA(manager, name, SERVICE_QUERY_STATUS) : NULL;
    SERVICE_STATUS status = {0};
    firewall_service result = FIREWALL_SERVICE_UNKNOWN;

    if (!service || !QueryServiceStatus(service, &status)) {
        snprintf(ret_found, size, "error %lu", GetLastError());
    } else if (status.dwCurrentState == SERVICE_RUNNING) {
        snprintf(ret_found, size, "running");
        result = FIREWALL_SERVICE_RUNS;
    } else {
        snprintf(ret_found, size, "state %lu", status.dwCurrentState);
        if (status.dwCurrentState == SERVICE_STOPPED)
            result = FIREWALL_SERVICE_STOPPED;
    }
    if (service)
        CloseServiceHandle(service);
    if (manager)
        CloseServiceHandle(manager);
    return result;
}
