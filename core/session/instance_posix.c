/* SPDX-License-Identifier: MIT */
/* The service takes one session for each user, and a link needs no other program. */
#include "session/instance.h"

rj_status rj_instance_claim(rj_loop *loop, const char *root,
                            void (*on_link)(void *data, const char *text), void *data,
                            rj_instance **ret_instance, rj_error *err)
{
    (void)loop, (void)root, (void)on_link, (void)data, (void)ret_instance, (void)err;
    return RJ_E_NOT_APPLICABLE;
}

void rj_instance_release(rj_instance *instance)
{
    (void)instance;
}

rj_status rj_instance_forward(const char *root, const char *text, rj_error *err)
{
    (void)root, (void)text, (void)err;
    return RJ_E_NOT_FOUND;
}
