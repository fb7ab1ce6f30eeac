/* SPDX-License-Identifier: MIT */
/* The package's files have their owners, and systemd has the unit file. */
#include "service/configure.h"

rj_status rj_service_secure_folders(const rj_paths *paths, rj_error *err)
{
    (void)paths, (void)err;
    return RJ_OK;
}

bool rj_service_has_to_tell(void)
{
    return false;
}

void rj_service_tell_folders(void)
{
}

void rj_service_configure(const rj_paths *paths, bool managed)
{
    (void)paths, (void)managed;
}
