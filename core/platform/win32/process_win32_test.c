/* SPDX-License-Identifier: MIT */
/* The programs that the tests start are this one again: "process_win32_test ROLE ARGUMENT...". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "command_line_win32.h"
#include "descriptor_win32.h"
#include "platform/process.h"
#include "platform/system.h"
#include "wide_win32.h"

#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char self[1024];

/* ---- What the started programs do ------------------------------------------------------------ */

static void say(const char *text)
{
    DWORD written = 0;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)strlen(text), &written, NULL);
}

static HANDLE start_sleeper(void)
{
    wchar_t path[1024];
    wchar_t line[] = L"x sleep";
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION made;
    GetModuleFileNameW(NULL, path, 1024);
    if (!CreateProcessW(path, line, NULL, NULL, FALSE, DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP,
                        NULL, NULL, &startup, &made))
        return NULL;
    return made.hProcess;
}

static int play_tree(const wchar_t *then)
{
    char text[64] = "";
    for (int i = 0; i < 3; i++) {
        HANDLE child = start_sleeper();
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%lu ", child ? GetProcessId(child) : 0);
    }
    say(text);
    if (wcscmp(then, L"wait") == 0)
        Sleep(60000);
    return 3;
}

static int play_environment(void)
{
    wchar_t *block = GetEnvironmentStringsW();
    for (const wchar_t *at = block; *at; at += wcslen(at) + 1) {
        char *text = rj_utf8(at);
        say(text);
        say("\n");
        rj_free(text);
    }
    wchar_t folder[1024];
    GetCurrentDirectoryW(1024, folder);
    char *text = rj_utf8(folder);
    say(text);
    rj_free(text);
    return 0;
}

static int play_output(unsigned long count)
{
    static char bytes[65536];
    memset(bytes, 'x', sizeof bytes);
    while (count) {
        DWORD part = count < sizeof bytes ? (DWORD)count : (DWORD)sizeof bytes;
        DWORD written = 0;
        if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, part, &written, NULL))
            return 1;
        count -= written;
    }
    return 0;
}

static int play(int argc, wchar_t **argv)
{
    const wchar_t *role = argv[1];
    const wchar_t *first = argc > 2 ? argv[2] : L"";
    if (wcscmp(role, L"arguments") == 0) {
        for (int i = 2; i < argc; i++) {
            char *text = rj_utf8(argv[i]);
            say("[");
            say(text);
            say("]");
            rj_free(text);
        }
        return 0;
    }
    if (wcscmp(role, L"exit") == 0)
        ExitProcess((UINT)_wcstoi64(first, NULL, 10));
    if (wcscmp(role, L"tree") == 0)
        return play_tree(first);
    if (wcscmp(role, L"environment") == 0)
        return play_environment();
    if (wcscmp(role, L"output") == 0)
        return play_output(wcstoul(first, NULL, 10));
    if (wcscmp(role, L"signal") == 0)
        return SetEvent((HANDLE)(uintptr_t)_wcstoui64(first, NULL, 10)) ? 0 : 1;
    if (wcscmp(role, L"read") == 0) {
        char byte;
        DWORD got = 1;
        BOOL good = ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &got, NULL);
        return good && got == 0 ? 0 : 1;
    }
    Sleep(60000); /* "sleep" */
    return 0;
}

/* ---- Starting and waiting -------------------------------------------------------------------- */

static rj_status try_start(const char *program, const char *const *arguments, rj_process **ret,
                           rj_error *err)
{
    static const char *const environment[] = {"rj_mark=earlier", "RJ_MARK=\xc3\xbc b",
                                              "PATH=C:\\windows\\system32", NULL};
    rj_process_spec spec = {program, arguments, environment, "C:/windows"};
    return rj_process_start(&spec, ret, err);
}

static rj_process *start(const char *role, const char *argument)
{
    const char *const arguments[] = {"x", role, argument, NULL};
    rj_process *process = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (try_start(self, arguments, &process, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return process;
}

static rj_process_end wait_end(rj_process *process)
{
    rj_process_end end = {0};
    HANDLE ready = rj_descriptor_readable(rj_process_end_fd(process));
    assert_int_equal(WaitForSingleObject(ready, 30000), WAIT_OBJECT_0);
    assert_int_equal(rj_process_collect(process, &end), RJ_OK);
    return end;
}

/* All of it; the program has ended. */
static size_t read_output(rj_process *process, char *text, size_t size)
{
    size_t used = 0;
    long got;
    while ((got = rj_process_read(process, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    return used;
}

static bool is_gone(DWORD pid)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, pid);
    bool gone = !process || WaitForSingleObject(process, 2000) == WAIT_OBJECT_0;
    if (process)
        CloseHandle(process);
    return gone;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void arguments_arrive_as_they_were_given(void **state)
{
    const char *const arguments[] = {
        "x",          "arguments",  "",        "a b",    "gr\xc3\xbc\xc3\x9f",
        "say \"hi\"", "ends in \\", "C:\\x\\", "\\\\\"", "%PATH% & | < > ^ !",
        "tab\there",  NULL};
    char text[1024];
    rj_process *process = NULL;
    (void)state;
    assert_int_equal(try_start(self, arguments, &process, NULL), RJ_OK);
    assert_int_equal(wait_end(process).value, 0);
    read_output(process, text, sizeof text);
    assert_string_equal(text, "[][a b][gr\xc3\xbc\xc3\x9f][say \"hi\"][ends in \\][C:\\x\\][\\\\\"]"
                              "[%PATH% & | < > ^ !][tab\there]");
    rj_process_free(process);
}

/* cmd.exe looks for its options from the first "/" of the line on. */
static void a_program_that_is_named_by_its_path_finds_it_with_backslashes(void **state)
{
    static const char program[] = "C:/Windows/System32/cmd.exe";
    const char *const by_path[] = {program, "/d", "/c", "cd", NULL};
    const char *const by_name[] = {"cmd.exe", "/c", "cd C:/x", NULL};
    rj_command_line line;
    (void)state;
    assert_int_equal(rj_command_line_make(program, by_path, &line, NULL), RJ_OK);
    assert_int_equal(wcscmp(line.line, L"\"C:\\Windows\\System32\\cmd.exe\" /d /c cd"), 0);
    rj_command_line_free(&line);
    assert_int_equal(rj_command_line_make(program, by_name, &line, NULL), RJ_OK);
    assert_int_equal(wcscmp(line.line, L"\"cmd.exe\" /c \"cd C:/x\""), 0);
    rj_command_line_free(&line);
}

static void exit_codes_have_all_their_bits(void **state)
{
    static const struct {
        const char *text;
        int value;
    } codes[] = {{"0", 0},       {"7", 7},   {"256", 256},
                 {"3010", 3010}, {"-1", -1}, {"3221225477", (int)0xC0000005u}};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        rj_process *process = start("exit", codes[i].text);
        rj_process_end end = wait_end(process);
        assert_false(end.signalled);
        assert_int_equal(end.value, codes[i].value);
        assert_int_equal(end.survivors, 0);
        rj_process_free(process);
    }
}

static void a_running_program_cannot_be_collected_yet_and_can_be_killed(void **state)
{
    rj_process *process = start("sleep", NULL);
    rj_process_end end;
    (void)state;
    assert_true(rj_process_pid(process) > 0);
    assert_int_equal(rj_process_collect(process, &end), RJ_E_BUSY);
    rj_process_kill_tree(process);
    end = wait_end(process);
    assert_true(end.signalled);
    assert_int_equal(end.value, RJ_SIGNAL_KILL);
    assert_int_equal(end.survivors, 0);
    assert_int_equal(rj_process_collect(process, &end), RJ_E_NOT_FOUND);
    rj_process_free(process);
}

static void check_tree_is_gone(rj_process *process)
{
    char text[200];
    read_output(process, text, sizeof text);
    char *at = text;
    for (int i = 0; i < 3; i++) {
        unsigned long pid = strtoul(at, &at, 10);
        assert_true(pid > 0);
        assert_true(is_gone(pid));
    }
}

static void what_a_program_leaves_behind_is_counted_and_killed(void **state)
{
    rj_process *process = start("tree", "leave");
    rj_process_end end = wait_end(process);
    (void)state;
    assert_false(end.signalled);
    assert_int_equal(end.value, 3);
    assert_int_equal(end.survivors, 3);
    check_tree_is_gone(process);
    rj_process_free(process);
}

static void killing_takes_the_whole_tree(void **state)
{
    rj_process *process = start("tree", "wait");
    (void)state;
    assert_true(rj_descriptor_await(rj_process_output_fd(process), 20000));
    rj_process_kill_tree(process);
    rj_process_end end = wait_end(process);
    assert_true(end.signalled);
    assert_int_equal(end.survivors, 3);
    check_tree_is_gone(process);
    rj_process_free(process);
}

static void freeing_ends_the_program(void **state)
{
    rj_process *process = start("sleep", NULL);
    DWORD pid = (DWORD)rj_process_pid(process);
    (void)state;
    rj_process_free(process);
    assert_true(is_gone(pid));
}

static void the_program_gets_its_environment_its_folder_and_no_input(void **state)
{
    char text[4096];
    (void)state;
    SetEnvironmentVariableW(L"RJ_SECRET", L"x");
    rj_process *process = start("environment", NULL);
    assert_int_equal(wait_end(process).value, 0);
    read_output(process, text, sizeof text);
    assert_non_null(strstr(text, "RJ_MARK=\xc3\xbc b\n"));
    assert_null(strstr(text, "earlier")); /* names count without case, the last one of them */
    assert_non_null(strstr(text, "SystemRoot=C:\\windows\n"));
    assert_null(strstr(text, "RJ_SECRET"));
    assert_string_equal(strrchr(text, '\n'), "\nC:\\windows");
    rj_process_free(process);
    process = start("read", NULL);
    assert_int_equal(wait_end(process).value, 0);
    rj_process_free(process);
}

static void a_handle_that_could_be_inherited_is_not(void **state)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE event = CreateEventW(&inherited, TRUE, FALSE, NULL);
    char text[32];
    (void)state;
    snprintf(text, sizeof text, "%llu", (unsigned long long)(uintptr_t)event);
    rj_process *process = start("signal", text);
    wait_end(process);
    assert_int_equal(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    rj_process_free(process);
    CloseHandle(event);
}

static void much_output_is_all_there(void **state)
{
    static char text[1 << 20];
    rj_process *process = start("output", "3000000");
    size_t total = 0;
    (void)state;
    for (;;) {
        assert_true(rj_descriptor_await(rj_process_output_fd(process), 20000));
        long got = rj_process_read(process, text, sizeof text);
        if (got == 0)
            break;
        total += got > 0 ? (size_t)got : 0;
    }
    assert_int_equal(total, 3000000);
    assert_int_equal(wait_end(process).value, 0);
    rj_process_free(process);
}

static void output_that_nobody_read_before_the_end_is_there(void **state)
{
    char text[40000];
    (void)state;
    for (int i = 0; i < 10; i++) {
        rj_process *process = start("output", "30000");
        wait_end(process);
        assert_int_equal(read_output(process, text, sizeof text), 30000);
        rj_process_free(process);
    }
}

static void a_program_that_cannot_be_executed_fails_with_the_reason(void **state)
{
    const char *const arguments[] = {"x", NULL};
    rj_process *process = NULL;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(try_start("C:/nowhere/x.exe", arguments, &process, &err), RJ_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "C:/nowhere/x.exe cannot be started: "));
    assert_int_equal(try_start("C:/windows/nowhere.cmd", arguments, &process, &err),
                     RJ_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "C:/windows/nowhere.cmd cannot be started: "));
    assert_int_equal(try_start("C:/windows", arguments, &process, &err), RJ_E_DENIED);
    assert_int_equal(try_start("x.exe", arguments, &process, &err), RJ_E_INVALID);
    assert_int_equal(try_start("/x.exe", arguments, &process, &err), RJ_E_INVALID);
    rj_process_spec spec = {self, arguments, NULL, "C:/nowhere"};
    assert_int_equal(rj_process_start(&spec, &process, &err), RJ_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "working directory C:/nowhere of "));
    assert_null(process);
}

/* A folder with a blank and an umlaut, and a script in it. */
static void write_script(char path[1024], const char *name, const char *text)
{
    wchar_t folder[MAX_PATH];
    GetTempPathW(MAX_PATH, folder);
    wcscat(folder, L"rj scr\u00efpt");
    CreateDirectoryW(folder, NULL);
    char *utf8 = rj_utf8(folder);
    snprintf(path, 1024, "%s/%s", utf8, name);
    rj_free(utf8);
    wchar_t *wide = rj_wide_path(path, NULL);
    DWORD written = 0;
    HANDLE file = CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    rj_free(wide);
    assert_true(file != INVALID_HANDLE_VALUE);
    WriteFile(file, text, (DWORD)strlen(text), &written, NULL);
    CloseHandle(file);
}

static void a_script_of_cmd_is_run_by_cmd_with_its_arguments(void **state)
{
    char path[1024];
    char text[200];
    const char *const arguments[] = {"x", "one", "two and a half", "/S", "a=b;c", NULL};
    rj_process *process = NULL;
    (void)state;
    write_script(path, "a b.cmd", "@echo off\r\necho [%1][%~2][%3][%~4]\r\nexit /b 3010\r\n");
    assert_int_equal(try_start(path, arguments, &process, NULL), RJ_OK);
    rj_process_end end = wait_end(process);
    read_output(process, text, sizeof text);
    assert_string_equal(text, "[one][two and a half][/S][a=b;c]\r\n");
    assert_int_equal(end.value, 3010);
    assert_int_equal(end.survivors, 0);
    rj_process_free(process);
}

static void an_argument_that_cmd_would_take_apart_is_refused(void **state)
{
    static const char *const bad[] = {"%PATH%", "a&b",  "a|b",  "<x",   ">x", "^",
                                      "!x!",    "a\"b", "a\nb", "a\rb", NULL};
    char path[1024];
    rj_process *process = NULL;
    (void)state;
    write_script(path, "a b.bat", "@exit /b 0\r\n");
    for (size_t i = 0; bad[i]; i++) {
        const char *const arguments[] = {"x", bad[i], NULL};
        rj_error err = RJ_ERROR_NONE;
        assert_int_equal(try_start(path, arguments, &process, &err), RJ_E_INVALID);
        assert_non_null(strstr(err.text, "cmd.exe would not leave alone"));
    }
    assert_null(process);
}

/* Nothing is there, so that nothing has a shorter name. */
static void
a_path_that_programs_can_take_is_handed_over_without_the_prefix_for_long_ones(void **state)
{
    (void)state;
    for (size_t length = 240; length < 256; length++) {
        char path[256] = "C:/";
        memset(path + 3, 'n', length - 3);
        path[length] = '\0';
        wchar_t *wide = rj_program_path(path, NULL);
        assert_non_null(wide);
        assert_int_equal(wcslen(wide), length < 248 ? length : length + 4);
        rj_free(wide);
    }
}

static void many_programs_leave_no_handle(void **state)
{
    DWORD before = 0;
    DWORD after = 0;
    unsigned numbers = rj_descriptor_count();
    const char *const arguments[] = {"x", NULL};
    rj_process *process = NULL;
    (void)state;
    for (int i = 0; i < 12; i++) {
        if (i == 2) /* what the system keeps for itself is there by then */
            GetProcessHandleCount(GetCurrentProcess(), &before);
        process = start("exit", "0");
        wait_end(process);
        rj_process_free(process);
        assert_int_not_equal(try_start("C:/nowhere/x.exe", arguments, &process, NULL), RJ_OK);
    }
    GetProcessHandleCount(GetCurrentProcess(), &after);
    assert_true(after <= before + 2);
    assert_int_equal(rj_descriptor_count(), numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_arrive_as_they_were_given),
        cmocka_unit_test(a_program_that_is_named_by_its_path_finds_it_with_backslashes),
        cmocka_unit_test(exit_codes_have_all_their_bits),
        cmocka_unit_test(a_running_program_cannot_be_collected_yet_and_can_be_killed),
        cmocka_unit_test(what_a_program_leaves_behind_is_counted_and_killed),
        cmocka_unit_test(killing_takes_the_whole_tree),
        cmocka_unit_test(freeing_ends_the_program),
        cmocka_unit_test(the_program_gets_its_environment_its_folder_and_no_input),
        cmocka_unit_test(a_handle_that_could_be_inherited_is_not),
        cmocka_unit_test(much_output_is_all_there),
        cmocka_unit_test(output_that_nobody_read_before_the_end_is_there),
        cmocka_unit_test(a_program_that_cannot_be_executed_fails_with_the_reason),
        cmocka_unit_test(a_script_of_cmd_is_run_by_cmd_with_its_arguments),
        cmocka_unit_test(an_argument_that_cmd_would_take_apart_is_refused),
        cmocka_unit_test(
            a_path_that_programs_can_take_is_handed_over_without_the_prefix_for_long_ones),
        cmocka_unit_test(many_programs_leave_no_handle),
    };
    int argc = 0;
    wchar_t path[1024];
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    if (argv && argc > 1)
        return play(argc, argv);
    GetModuleFileNameW(NULL, path, 1024);
    char *utf8 = rj_utf8(path);
    snprintf(self, sizeof self, "%s", utf8);
    rj_free(utf8);
    return cmocka_run_group_tests_name("platform_process", tests, NULL, NULL);
}
