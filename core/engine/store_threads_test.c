/* SPDX-License-Identifier: MIT */
/* Plugins keep their values from their own threads while the loop keeps its records. */
#include "engine/store_bench_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

#define THREADS 3
#define ROUNDS 25

typedef struct lane {
    rj_kv_backend kv;
    char plugin[16];
    unsigned good;
} lane;

static void keep_number(void *data, const void *bytes, size_t length)
{
    if (length == sizeof(unsigned))
        memcpy(data, bytes, length);
}

static void write_values(void *data)
{
    lane *own = data;
    for (unsigned i = 1; i <= ROUNDS; i++) {
        unsigned back = 0;
        if (own->kv.set(own->kv.data, own->plugin, "k", &i, sizeof i, NULL) == RJ_OK &&
            own->kv.get(own->kv.data, own->plugin, "k", keep_number, &back, NULL) == RJ_OK)
            own->good += back == i;
    }
}

static void values_of_plugins_and_records_are_kept_at_the_same_time(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    lane lanes[THREADS];
    uv_thread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        lanes[i] = (lane){.kv = rj_store_kv(store)};
        snprintf(lanes[i].plugin, sizeof lanes[i].plugin, "p%d", i);
        assert_int_equal(uv_thread_create(&threads[i], write_values, &lanes[i]), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%d", i);
        rj_store_record record = store_sample_record(id);
        assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(uv_thread_join(&threads[i]), 0);
        assert_int_equal(lanes[i].good, ROUNDS);
    }
    assert_int_equal(store_count_records(store), ROUNDS);
    rj_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(values_of_plugins_and_records_are_kept_at_the_same_time),
    };
    return cmocka_run_group_tests_name("store_threads", tests, NULL, NULL);
}
