/* SPDX-License-Identifier: MIT */
/* A bucket that fills again with time, see rate.h. */
#include "runtime/rate.h"

bool rj_rate_take(rj_rate *rate, uint64_t now_ms, double count, double at_once, double a_second)
{
    if (rate->when_ms == 0)
        rate->left = at_once;
    else
        rate->left += (double)(now_ms - rate->when_ms) * a_second / 1000.0;
    if (rate->left > at_once)
        rate->left = at_once;
    rate->when_ms = now_ms;
    if (rate->left < count)
        return false;
    rate->left -= count;
    return true;
}
