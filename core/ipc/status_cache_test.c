/* SPDX-License-Identifier: MIT */
/* For whom and for how long a kept status answer is good. */
#include "base/alloc.h"
#include "ipc/status_cache.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static json_t *some_status(void)
{
    json_t *status = json_pack("{s:s}", "version", "1.0");
    assert_non_null(status);
    return status;
}

static void a_kept_answer_is_good_for_the_same_caller_only(void **state)
{
    (void)state;
    rj_status_cache cache = {.made_ms = 0};
    json_t *status = some_status();
    assert_null(rj_status_cache_get(&cache, 7, false, 1000));
    rj_status_cache_put(&cache, 7, false, 1000, status);
    const rj_text *kept = rj_status_cache_get(&cache, 7, false, 1000);
    assert_non_null(kept);
    assert_string_equal(kept->bytes, "{\"version\":\"1.0\"}");
    assert_null(rj_status_cache_get(&cache, 8, false, 1000));
    assert_null(rj_status_cache_get(&cache, 7, true, 1000));
    rj_status_cache_clear(&cache);
    json_decref(status);
}

static void it_is_gone_after_an_event_and_after_its_time(void **state)
{
    (void)state;
    rj_status_cache cache = {.made_ms = 0};
    json_t *status = some_status();
    rj_status_cache_put(&cache, 7, false, 1000, status);
    assert_non_null(rj_status_cache_get(&cache, 7, false, 1000 + RJ_STATUS_CACHE_MS - 1));
    assert_null(rj_status_cache_get(&cache, 7, false, 1000 + RJ_STATUS_CACHE_MS));
    rj_status_cache_put(&cache, 7, false, 2000, status);
    rj_status_cache_clear(&cache);
    assert_null(rj_status_cache_get(&cache, 7, false, 2000));
    json_decref(status);
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    rj_status_cache cache = {.made_ms = 0};
    json_t *status = some_status();
    for (uint64_t nth = 1; nth < 4; nth++) {
        rj_alloc_fail_from(nth);
        rj_status_cache_put(&cache, 7, false, 1000, status);
        rj_alloc_fail_from(0);
        const rj_text *kept = rj_status_cache_get(&cache, 7, false, 1000);
        if (kept)
            assert_string_equal(kept->bytes, "{\"version\":\"1.0\"}");
    }
    rj_status_cache_clear(&cache);
    json_decref(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_answer_is_good_for_the_same_caller_only),
        cmocka_unit_test(it_is_gone_after_an_event_and_after_its_time),
        cmocka_unit_test(without_memory_nothing_is_kept),
    };
    return cmocka_run_group_tests_name("status cache", tests, NULL, NULL);
}
