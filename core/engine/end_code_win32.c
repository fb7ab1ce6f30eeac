/* SPDX-License-Identifier: MIT */
#include "engine/end_code.h"

#include <windows.h>

int32_t rj_end_code(rj_status status)
{
    switch (status) {
    case RJ_E_TIMEOUT:
        return ERROR_TIMEOUT;
    case RJ_E_CANCELLED:
        return ERROR_CANCELLED;
    default:
        return ERROR_INSTALL_FAILURE;
    }
}
