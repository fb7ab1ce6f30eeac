/* SPDX-License-Identifier: MIT */
/* Nothing to do where a file can be replaced while it runs, see replace_sessions.h. */
#include "service/replace_sessions.h"

int rj_service_end_sessions(const rj_service_options *options)
{
    (void)options; /* refused with the options */
    return RJ_SERVICE_USAGE;
}

void rj_service_return_sessions(void)
{
}

bool rj_service_installer_works(void)
{
    return false;
}
