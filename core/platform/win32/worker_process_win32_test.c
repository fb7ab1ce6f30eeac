/* SPDX-License-Identifier: MIT */
/* The worker is this program again; what it is to do comes as a byte over its frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "descriptor_win32.h"
#include "platform/library.h"
#include "platform/stream.h"
#include "platform/system.h"
#include "platform/worker_process.h"
#include "wide_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 20000u

static char self[1024];
static int file = -1;

/* ---- The worker ------------------------------------------------------------------------------ */

static void answer(unsigned char byte)
{
    if (!rj_stream_write_all(RJ_WORKER_FRAMES, &byte, 1))
        exit(99);
}

static bool is_administrator(void)
{
    BOOL member = FALSE;
    PSID sid = NULL;
    SID_IDENTIFIER_AUTHORITY nt = {SECURITY_NT_AUTHORITY};
    AllocateAndInitializeSid(&nt, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0,
                             0, 0, 0, &sid);
    return CheckTokenMembership(NULL, sid, &member) && member;
}

static int work(int argc, char **argv)
{
    rj_error err = RJ_ERROR_NONE;
    unsigned char order;
    if (rj_worker_adopt(argc, argv, &err) != RJ_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    _Atomic uint64_t *begun = rj_worker_map_begun();
    while (rj_stream_read_all(RJ_WORKER_FRAMES, &order, 1)) {
        char bytes[2] = "";
        DWORD got = 0;
        switch (order) {
        case 'e': /* echo, over the calls */
            answer('e');
            if (!rj_stream_read_all(RJ_WORKER_CALLS, bytes, 1) ||
                !rj_stream_write_all(RJ_WORKER_CALLS, bytes, 1))
                return 98;
            break;
        case 'b':
            *begun = 4711;
            answer('b');
            break;
        case 'f': /* the file begins as each program does */
            ReadFile(rj_descriptor_handle(RJ_WORKER_PLUGIN), bytes, 2, &got, NULL);
            answer((unsigned char)(got == 2 ? bytes[0] : '?'));
            break;
        case 'a':
            answer(is_administrator() ? 'y' : 'n');
            break;
        case 'o':
            fprintf(stderr, "a line\n");
            return 7;
        case 'c':
            *(volatile int *)(uintptr_t)argc = 0; /* no such address */
            break;
        default:
            return 97;
        }
    }
    return 0; /* the core is gone */
}

/* ---- Starting and asking --------------------------------------------------------------------- */

static rj_worker_process *start(uint64_t memory_bytes)
{
    rj_sandbox sandbox = {.uid = RJ_SANDBOX_KEEP_ACCOUNT, .memory_bytes = memory_bytes};
    rj_worker_spec spec = {.program = self,
                           .name = "check-x",
                           .temporary = "C:/windows/temp",
                           .plugin_file = file,
                           .sandbox = &sandbox};
    rj_worker_process *worker = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (rj_worker_process_start(&spec, &worker, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return worker;
}

static int ask(rj_worker_process *worker, char order)
{
    unsigned char byte = 0;
    int frames = rj_worker_process_frames(worker);
    assert_true(rj_stream_write_all(frames, &order, 1));
    return rj_stream_read_all(frames, &byte, 1) ? byte : -1;
}

static rj_process_end await_end(rj_worker_process *worker)
{
    rj_process_end end = {0};
    uint64_t limit = rj_clock_monotonic_ms() + LIMIT_MS;
    while (!rj_worker_process_ended(worker, &end)) {
        assert_true(rj_clock_monotonic_ms() < limit);
        Sleep(2);
    }
    return end;
}

static int setup(void **state)
{
    (void)state;
    return (int)rj_library_check(self, NULL, NULL, &file, NULL);
}

static int teardown(void **state)
{
    (void)state;
    rj_library_close_file(file);
    return (int)rj_descriptor_count();
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void a_worker_finds_its_streams_its_file_and_its_page(void **state)
{
    rj_worker_process *worker = start(0);
    uint64_t memory_kb = 0;
    uint64_t cpu_ms = 0;
    char byte = 'q';
    (void)state;
    assert_int_equal(ask(worker, 'e'), 'e');
    assert_true(rj_stream_write_all(rj_worker_process_calls(worker), &byte, 1));
    byte = 0;
    assert_true(rj_stream_read_all(rj_worker_process_calls(worker), &byte, 1));
    assert_int_equal(byte, 'q');
    assert_int_equal(ask(worker, 'f'), 'M');
    assert_int_equal(rj_worker_process_begun(worker), 0);
    assert_int_equal(ask(worker, 'b'), 'b');
    assert_int_equal(rj_worker_process_begun(worker), 4711);
    assert_true(rj_worker_process_pid(worker) > 0);
    assert_true(rj_worker_process_usage(worker, &memory_kb, &cpu_ms));
    assert_true(memory_kb > 100);
    rj_worker_process_free(worker);
}

static void a_worker_is_no_administrator(void **state)
{
    rj_worker_process *worker = start(0);
    (void)state;
    assert_int_equal(ask(worker, 'a'), 'n');
    rj_worker_process_free(worker);
}

static void its_end_is_told_with_what_it_said_last(void **state)
{
    char text[64] = "";
    rj_worker_process *worker = start(0);
    rj_process_end end;
    (void)state;
    assert_false(rj_worker_process_ended(worker, &end));
    assert_int_equal(ask(worker, 'o'), -1);
    end = await_end(worker);
    assert_false(end.signalled);
    assert_int_equal(end.value, 7);
    assert_true(rj_stream_read_all(rj_worker_process_output(worker), text, 6));
    assert_memory_equal(text, "a line", 6);
    rj_worker_process_free(worker);
}

static void a_crash_is_a_signal_and_what_was_begun_is_known(void **state)
{
    rj_worker_process *worker = start(0);
    (void)state;
    ask(worker, 'b');
    assert_int_equal(ask(worker, 'c'), -1);
    rj_process_end end = await_end(worker);
    assert_true(end.signalled);
    assert_int_equal(end.value, RJ_SIGNAL_SEGMENT);
    assert_string_equal(rj_signal_text(end.value), "Segmentation fault");
    assert_int_equal(rj_worker_process_begun(worker), 4711);
    rj_worker_process_free(worker);
}

static void killing_ends_it(void **state)
{
    rj_worker_process *worker = start(0);
    (void)state;
    rj_worker_process_kill(worker);
    rj_process_end end = await_end(worker);
    assert_true(end.signalled);
    assert_int_equal(end.value, RJ_SIGNAL_KILL);
    rj_worker_process_kill(worker);
    rj_worker_process_free(worker);
}

static void a_worker_whose_core_is_gone_ends(void **state)
{
    rj_worker_process *worker = start(0);
    (void)state;
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)rj_worker_process_pid(worker));
    assert_non_null(process);
    rj_worker_process_free(worker);
    assert_int_equal(WaitForSingleObject(process, LIMIT_MS), WAIT_OBJECT_0);
    CloseHandle(process);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    rj_sandbox sandbox = {.uid = RJ_SANDBOX_KEEP_ACCOUNT};
    rj_worker_spec spec = {.program = "C:/nowhere/worker.exe",
                           .name = "check-x",
                           .temporary = "C:/windows/temp",
                           .plugin_file = file,
                           .sandbox = &sandbox};
    rj_worker_process *worker = NULL;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_worker_process_start(&spec, &worker, &err), RJ_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "a worker for check-x cannot be started"));
    assert_non_null(strstr(err.text, "C:/nowhere/worker.exe"));
    assert_null(worker);
}

static void started_by_hand_it_says_that_there_are_no_pipes(void **state)
{
    char *nothing[] = {(char *)(uintptr_t) "x", NULL};
    char *wrong[] = {(char *)(uintptr_t) "x", (char *)(uintptr_t) "id",
                     (char *)(uintptr_t) "3=FFFFFFF0,4=1,5=2,6=3", NULL};
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_worker_adopt(1, nothing, &err), RJ_E_INVALID);
    assert_string_equal(err.text, "it was given no pipes");
    assert_int_equal(rj_worker_adopt(3, wrong, &err), RJ_E_INVALID);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_worker_finds_its_streams_its_file_and_its_page),
        TEST(a_worker_is_no_administrator),
        TEST(its_end_is_told_with_what_it_said_last),
        TEST(a_crash_is_a_signal_and_what_was_begun_is_known),
        TEST(killing_ends_it),
        TEST(a_worker_whose_core_is_gone_ends),
        TEST(a_program_that_is_not_there_is_an_error),
        TEST(started_by_hand_it_says_that_there_are_no_pipes),
    };
    wchar_t path[1024];
    if (argc > 1)
        return work(argc, argv);
    GetModuleFileNameW(NULL, path, 1024);
    char *utf8 = rj_utf8(path);
    snprintf(self, sizeof self, "%s", utf8);
    rj_free(utf8);
    for (char *at = self; *at; at++)
        *at = (char)(*at == '\\' ? '/' : *at);
    return cmocka_run_group_tests_name("platform_worker_process", tests, NULL, NULL);
}
