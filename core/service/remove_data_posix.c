/* SPDX-License-Identifier: MIT */
/* Options refuse --remove-data here, see remove_data.h. */
#include "service/remove_data.h"

int rj_service_remove_data(const rj_service_options *options)
{
    (void)options;
    return RJ_SERVICE_USAGE;
}
