/* SPDX-License-Identifier: MIT */
#include "engine/end_code.h"

int32_t rj_end_code(rj_status status)
{
    (void)status;
    return 0;
}
