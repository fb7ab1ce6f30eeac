/* SPDX-License-Identifier: MIT */
/* What a program is started with, judged before anything is done for it. */
#include "platform/process_system.h"

rj_status rj_process_check_spec(const rj_process_spec *spec, rj_error *err)
{
    if (!spec->program || !rj_process_is_absolute(spec->program))
        return rj_fail(err, RJ_E_INVALID, "program \"%s\" is not an absolute path",
                       spec->program ? spec->program : "");
    if (!spec->arguments || !spec->arguments[0])
        return rj_fail(err, RJ_E_INVALID, "%s is given no argument list", spec->program);
    if (spec->directory && !rj_process_is_absolute(spec->directory))
        return rj_fail(err, RJ_E_INVALID, "working directory \"%s\" is not an absolute path",
                       spec->directory);
    return RJ_OK;
}
