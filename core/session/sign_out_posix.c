/* SPDX-License-Identifier: MIT */
/* The end of a session comes as a signal, which the session watches anyway. */
#include "session/sign_out.h"

rj_status rj_sign_out_watch(rj_loop *loop, void (*ended)(void *data), void *data,
                            rj_sign_out **ret_watch, rj_error *err)
{
    (void)loop, (void)ended, (void)data, (void)ret_watch, (void)err;
    return RJ_E_NOT_APPLICABLE;
}

void rj_sign_out_hold(rj_sign_out *watch, const char *reason)
{
    (void)watch, (void)reason;
}

void rj_sign_out_stop(rj_sign_out *watch)
{
    (void)watch;
}
