/* SPDX-License-Identifier: MIT */
/* No other product looks for such records here. */
#include "platform/record_mirror.h"

rj_status rj_record_mirror_put(const rj_paths *paths, const rj_mirror_id *whose,
                               const rj_mirror_value *values, size_t count, rj_error *err)
{
    (void)paths, (void)whose, (void)values, (void)count, (void)err;
    return RJ_OK;
}

rj_status rj_record_mirror_remove(const rj_paths *paths, const rj_mirror_id *whose, rj_error *err)
{
    (void)paths, (void)whose, (void)err;
    return RJ_OK;
}

rj_status rj_record_mirror_prune(const rj_paths *paths, const rj_mirror_id *kept, size_t count,
                                 rj_error *err)
{
    (void)paths, (void)kept, (void)count, (void)err;
    return RJ_OK;
}
