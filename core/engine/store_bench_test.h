/* SPDX-License-Identifier: MIT */
/* A folder for a state database and sample rows. */
#ifndef RJ_ENGINE_STORE_BENCH_TEST_H
#define RJ_ENGINE_STORE_BENCH_TEST_H

#include "engine/store.h"
#include "test_system.h"

extern char store_folder[TEST_PATH_MAX], store_database[TEST_PATH_MAX + 16];

int store_set_up(void **state);
int store_tear_down(void **state);
rj_store *store_open(bool *ret_damaged);
rj_store_record store_sample_record(const char *id);
rj_journal_entry store_sample_entry(const char *id);
/* 200 records, closed again. */
void store_fill(void);
size_t store_count_records(rj_store *store);
size_t store_count_open(rj_store *store);
/* Name of the one file in the folder that begins so, NULL if there is none; static buffer. */
const char *store_find_file(const char *beginning);
#define STORE_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, store_set_up, store_tear_down)

#endif
