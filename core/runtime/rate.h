/* SPDX-License-Identifier: MIT */
/* So many at once, and so many a second after that.  Pure. */
#ifndef RJ_RUNTIME_RATE_H
#define RJ_RUNTIME_RATE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rj_rate {
    double left;
    uint64_t when_ms; /* 0: nothing taken yet */
} rj_rate;

/* So many more; false: too many, and none is taken. */
bool rj_rate_take(rj_rate *rate, uint64_t now_ms, double count, double at_once, double a_second);

#endif
