/* SPDX-License-Identifier: MIT */
/*
 * The program that the MSI carries beside its files and runs when an uninstallation is final: removes what the agent
 * keeps, see remove_data.h.  realmjoinservice.exe has gone by then.
 *
 * Only with --remove-data, so that nobody loses everything by a double click.
 */
#include "platform/system.h"
#include "service/remove_data.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    rj_system_prepare_process();
    if (argc != 2 || strcmp(argv[1], "--remove-data") != 0) {
        fputs("remover: removes what the agent keeps on this device, with --remove-data only\n",
              stderr);
        return RJ_SERVICE_USAGE;
    }
    rj_service_options options = {.remove_data = true};
    return rj_service_remove_data(&options);
}
