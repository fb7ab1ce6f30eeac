/* SPDX-License-Identifier: MIT */
/* The package's files have their owners, and systemd has the unit file. */
#include "service/configure.h"

rj_status rj_service_secure_folders(const rj_paths *paths, rj_error *err)
{
    (void)paths, (void)err;
    return RJ_OK;
}

void rj_service_configure(const rj_paths *paths, bool managed)
{
    (void)paths, (void)managed;
}
