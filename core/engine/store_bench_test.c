/* SPDX-License-Identifier: MIT */
#include "engine/store_bench_test.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char store_folder[TEST_PATH_MAX], store_database[TEST_PATH_MAX + 16];

int store_set_up(void **state)
{
    (void)state;
    if (!test_folder("store", store_folder, sizeof store_folder))
        return -1;
    snprintf(store_database, sizeof store_database, "%s/agent.db", store_folder);
    return 0;
}

int store_tear_down(void **state)
{
    (void)state;
    test_remove_tree(store_folder);
    return test_exists(store_folder) ? -1 : 0;
}

rj_store *store_open(bool *ret_damaged)
{
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    if (rj_store_open(store_folder, &store, &damaged, &error) != RJ_OK)
        fail_msg("open: %s", error.text);
    if (ret_damaged)
        *ret_damaged = damaged;
    assert_int_equal(rj_store_was_damaged(store), damaged);
    return store;
}

rj_store_record store_sample_record(const char *id)
{
    return (rj_store_record){
        .core = {.id = id,
                 .uid = RJ_UID_MACHINE,
                 .version = "1.2.3",
                 .args_hash = "abc",
                 .success = true,
                 .exit_code = -7,
                 .restart_pending = true},
        .format = "nuget",
        .display_name = "Käse \"x\"",
        .message = "",
        .correlation = "0123456789abcdef",
        .started_wall_ms = 1700000000000,
        .ended_wall_ms = 1700000001000,
    };
}

rj_journal_entry store_sample_entry(const char *id)
{
    return (rj_journal_entry){
        .id = id,
        .uid = 1000,
        .verdict = RJ_VERDICT_UPGRADE,
        .step = RJ_STEP_PLANNED,
        .request = "{\"id\":\"x\"}",
        .correlation = "0123456789abcdef",
        .assignment_version = "2.0",
        .args_hash = "",
        .display_name = "X",
        .format = "craft",
        .evidence = UINT64_C(0xfedcba9876543210),
        .started_wall_ms = 5,
    };
}

void store_fill(void)
{
    rj_store *store = store_open(NULL);
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "package-%03d", i);
        rj_store_record record = store_sample_record(id);
        assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    }
    rj_store_close(store);
}

size_t store_count_records(rj_store *store)
{
    rj_store_record *records = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_records(store, &records, &count, NULL), RJ_OK);
    rj_free(records);
    return count;
}

size_t store_count_open(rj_store *store)
{
    rj_journal_entry *entries = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_journal_open_entries(store, &entries, &count, NULL), RJ_OK);
    rj_free(entries);
    return count;
}

const char *store_find_file(const char *beginning)
{
    static char found[256];
    char **names = NULL;
    size_t count = 0;
    const char *result = NULL;
    assert_int_equal(rj_dir_list(store_folder, 100, &names, &count, NULL), RJ_OK);
    for (size_t i = 0; i < count && !result; i++) {
        if (strncmp(names[i], beginning, strlen(beginning)) == 0) {
            snprintf(found, sizeof found, "%s", names[i]);
            result = found;
        }
    }
    rj_free(names);
    return result;
}
