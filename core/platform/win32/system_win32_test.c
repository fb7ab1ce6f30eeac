/* SPDX-License-Identifier: MIT */
/* Paths, accounts, registry, parameters and the process on Windows. */
#include "platform/system.h"

#include "base/alloc.h"
#include "platform/parameters.h"
#include "platform/paths.h"
#include "platform/secret_memory.h"
#include "platform/win32/access_win32.h"
#include "platform/win32/account_names_win32.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "tap_skip.h"

#define ACCOUNTS "SOFTWARE\\RealmJoin\\Accounts"
#define ALICE "S-1-5-21-1-2-3-1001"
#define BOB "S-1-5-21-1-2-3-1002"

static char root[TEST_PATH_MAX];
static rj_paths *paths;

static int set_up(void **state)
{
    (void)state;
    if (!test_folder("system", root, sizeof root))
        return -1;
    return rj_paths_new(RJ_ROLE_SERVICE, root, NULL, &paths, NULL) == RJ_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"HKLM", "HKU", "HKCU"};
    char tag[17];
    rj_root_tag(root, tag);
    for (int i = 0; i < 3; i++) {
        char key[100];
        snprintf(key, sizeof key, "Software\\RealmJoin-Roots\\%s\\%s", tag, names[i]);
        rj_registry_remove_key(&(rj_registry_key){"", RJ_HIVE_USER, key}, NULL);
    }
    rj_paths_free(paths);
    rj_account_use_root(NULL);
    test_remove_tree(root);
    return 0;
}

/* ---- Paths ----------------------------------------------------------------------------------- */

static void assert_native(const char *path, const wchar_t *expected)
{
    wchar_t *wide = rj_wide_path(path, NULL);
    if (!wide || !expected)
        assert_true(!wide && !expected);
    else if (wcscmp(wide, expected) != 0)
        fail_msg("%s became %ls", path, wide);
    rj_free(wide);
}

static void a_path_becomes_one_of_the_system(void **state)
{
    (void)state;
    assert_native("C:/a b/c", L"\\\\?\\C:\\a b\\c");
    assert_native("C:\\a/./b//c/../d/", L"\\\\?\\C:\\a\\b\\d");
    assert_native("C:/", L"\\\\?\\C:\\");
    assert_native("C:/../..", L"\\\\?\\C:\\");
    assert_native("//server/share/x", L"\\\\?\\UNC\\server\\share\\x");
    assert_native("\\\\?\\C:\\x", L"\\\\?\\C:\\x");
    assert_native("\\\\?\\UNC\\s\\h\\x", L"\\\\?\\UNC\\s\\h\\x");
    assert_native("//./pipe/realmjoin", L"\\\\.\\pipe\\realmjoin");
    assert_native("//./PhysicalDrive0", NULL);
    assert_native("//./pipe/../C:/x", NULL);
    assert_native("//./pipe/", NULL);
    assert_native("C:/a:b", NULL);
    assert_native("//server", NULL);
    assert_native("", NULL);
    assert_native("C:/\xff", NULL);
}

static void an_absolute_path_has_a_drive_or_a_server(void **state)
{
    (void)state;
    assert_true(rj_path_is_absolute("C:/x") && rj_path_is_absolute("z:\\x"));
    assert_true(rj_path_is_absolute("//server/share"));
    assert_false(rj_path_is_absolute("C:x") || rj_path_is_absolute("/x"));
    assert_false(rj_path_is_absolute("\\\\.\\pipe\\x") || rj_path_is_absolute("//?/C:/x"));
    assert_false(rj_path_is_absolute("x") || rj_path_is_absolute("") || rj_path_is_absolute("//"));
}

static void paths_are_compared_as_the_file_system_compares_names(void **state)
{
    (void)state;
    assert_true(rj_path_equal("C:/Program Files/\xc3\x9c", "c:\\program files\\\xc3\xbc\\"));
    assert_false(rj_path_equal("C:/a", "C:/ab") || rj_path_equal("C:/ab", "C:/a"));
    assert_false(rj_path_equal("C:/a", "D:/a") || rj_path_equal("C:/\xff", "C:/\xff"));
    assert_true(rj_path_is_below("c:/windows/logs/x", "C:\\Windows\\Logs"));
    assert_true(rj_path_is_below("C:/x", "c:/"));
    assert_true(rj_path_is_below("//SERVER/share/x/y", "//server/Share/X/"));
    assert_false(rj_path_is_below("C:/a", "C:/A") || rj_path_is_below("C:/a/", "C:/A"));
    assert_false(rj_path_is_below("C:/ab/c", "C:/a") || rj_path_is_below("C:/a", "C:/a/b"));
}

static void assert_below_root(rj_path_kind kind, const char *rest)
{
    char expected[2 * TEST_PATH_MAX];
    snprintf(expected, sizeof expected, "%s%s", root, rest);
    assert_string_equal(rj_path(paths, kind), expected);
}

static void everything_lies_below_the_root(void **state)
{
    (void)state;
    char tag[17];
    char pipe[64];
    rj_root_tag(root, tag);
    snprintf(pipe, sizeof pipe, "//./pipe/realmjoin-%s", tag);
    assert_string_equal(rj_path(paths, RJ_PATH_SOCKET), pipe);
    assert_below_root(RJ_PATH_PLUGINS, "/Program Files/RealmJoin/plugins");
    assert_below_root(RJ_PATH_PLUGINS_3RD, "/ProgramData/RealmJoin/plugins");
    assert_below_root(RJ_PATH_PLUGIN_STATE, "/ProgramData/RealmJoin/plugin-state");
    assert_below_root(RJ_PATH_STATE, "/ProgramData/RealmJoin");
    assert_below_root(RJ_PATH_PACKAGE_LIB, "/ProgramData/chocolatey/lib");
    assert_below_root(RJ_PATH_LOG, "/Windows/Logs");
}

static void without_a_root_the_system_says_where_folders_are(void **state)
{
    (void)state;
    rj_paths *real = NULL;
    test_set_environment("ProgramData", "C:\\nowhere");
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, NULL, NULL, &real, NULL), RJ_OK);
    assert_string_equal(rj_path(real, RJ_PATH_SOCKET), "//./pipe/realmjoin");
    assert_string_equal(rj_path(real, RJ_PATH_STATE), "C:/ProgramData/RealmJoin");
    assert_string_equal(rj_path(real, RJ_PATH_WORKER),
                        "C:/Program Files/RealmJoin/realmjoin-worker.exe");
    rj_paths_free(real);
}

static void a_root_is_an_absolute_plain_path(void **state)
{
    (void)state;
    rj_paths *other = NULL;
    static const char *const bad[] = {"x",       "/x",         "C:x",   "C:/a/../b",
                                      "C:/a//b", "//./pipe/x", "C:/a?b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, bad[i], NULL, &other, NULL), RJ_E_INVALID);
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, "c:\\some root\\", NULL, &other, NULL), RJ_OK);
    assert_string_equal(rj_paths_root(other), "C:/some root");
    rj_paths_free(other);
}

/* ---- Registry -------------------------------------------------------------------------------- */

static void values_keep_their_type_and_a_wrong_one_is_named(void **state)
{
    (void)state;
    rj_registry_key key = {root, RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin\\Test"};
    rj_error err = RJ_ERROR_NONE;
    uint32_t number = 0;
    char *text = NULL;
    assert_int_equal(rj_registry_get_u32(&key, "n", &number, &err), RJ_E_NOT_FOUND);
    assert_int_equal(rj_registry_set_u32(&key, "n", 4294967295u, &err), RJ_OK);
    assert_int_equal(rj_registry_set_text(&key, "t", "\xc3\xbc x", &err), RJ_OK);
    assert_int_equal(rj_registry_get_u32(&key, "n", &number, &err), RJ_OK);
    assert_int_equal(number, 4294967295u);
    assert_int_equal(rj_registry_get_text(&key, "t", &text, &err), RJ_OK);
    assert_string_equal(text, "\xc3\xbc x");
    rj_free(text);
    assert_int_equal(rj_registry_get_u32(&key, "t", &number, &err), RJ_E_INVALID);
    assert_non_null(strstr(err.text, "HKLM\\SOFTWARE\\RealmJoin\\Test\\t"));
    assert_non_null(strstr(err.text, "it is a REG_SZ of 8 bytes and must be a REG_DWORD"));
    assert_int_equal(rj_registry_get_text(&key, "n", &text, &err), RJ_E_INVALID);
    assert_int_equal(rj_registry_remove_value(&key, "n", &err), RJ_OK);
    assert_int_equal(rj_registry_remove_value(&key, "n", &err), RJ_OK);
    assert_int_equal(rj_registry_get_u32(&key, "n", &number, &err), RJ_E_NOT_FOUND);
    assert_int_equal(rj_registry_remove_key(&key, &err), RJ_OK);
    assert_int_equal(rj_registry_remove_key(&key, &err), RJ_OK);
}

static void values_of_odd_forms_are_refused_with_what_they_are(void **state)
{
    (void)state;
    static const wchar_t two[] = L"1.0\0and more", open_ended[] = {L'a', L'b', 0, L'c'};
    static char much[1024 * 1024];
    static const struct {
        DWORD type;
        const void *bytes;
        DWORD size;
        const char *number, *text;
    } cases[] = {
        {REG_SZ, two, sizeof two, "it is a REG_SZ of 26 bytes", "it is a REG_SZ of 26 bytes"},
        {REG_SZ, two, 7, "it is a REG_SZ of", "it is a REG_SZ of"},
        {REG_MULTI_SZ, open_ended, sizeof open_ended, "it is a REG_MULTI_SZ",
         "it is a REG_MULTI_SZ"},
        {REG_DWORD, much, 3, "REG_DWORD of 3 bytes", "REG_DWORD of 3 bytes"},
        {REG_DWORD, much, 0, "REG_DWORD of 0 bytes", "REG_DWORD of 0 bytes"},
        {REG_QWORD, much, 8, "REG_QWORD", "REG_QWORD"},
        {REG_BINARY, much, sizeof much, "REG_BINARY of 1048576 bytes",
         "is larger than 32768 bytes"},
        {4711, much, 4, "number 4711", "number 4711"},
    };
    rj_registry_key where = {root, RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin\\Test"};
    HKEY key = NULL;
    assert_int_equal(rj_registry_open(root, where.hive, where.key, true, &key, NULL), RJ_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rj_error err = RJ_ERROR_NONE;
        uint32_t number = 0;
        char *text = NULL;
        assert_int_equal(RegSetValueExW(key, L"v", 0, cases[i].type, cases[i].bytes, cases[i].size),
                         0);
        assert_int_equal(rj_registry_get_u32(&where, "v", &number, &err), RJ_E_INVALID);
        assert_non_null(strstr(err.text, cases[i].number));
        assert_int_not_equal(rj_registry_get_text(&where, "v", &text, &err), RJ_OK);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_null(text);
    }
    RegCloseKey(key);
}

static void a_list_of_values_is_sorted_and_limited(void **state)
{
    (void)state;
    rj_registry_key key = {root, RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin\\Test"};
    char **names = NULL;
    size_t count = 9;
    assert_int_equal(rj_registry_list_values(&key, 5, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, 0);
    rj_free(names);
    rj_registry_set_u32(&key, "b", 1, NULL);
    rj_registry_set_u32(&key, "a", 1, NULL);
    assert_int_equal(rj_registry_list_values(&key, 5, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "a");
    rj_free(names);
    assert_int_equal(rj_registry_list_values(&key, 1, &names, &count, NULL), RJ_E_LIMIT);
}

static void a_parameter_is_a_dword_of_the_service_key(void **state)
{
    (void)state;
    rj_registry_key key = {root, RJ_HIVE_MACHINE,
                           "SYSTEM\\CurrentControlSet\\Services\\realmjoin\\Parameters"};
    int64_t value = 0;
    uint32_t number = 0;
    assert_int_equal(rj_parameters_get(paths, "NoGraph", &value, NULL), RJ_E_NOT_FOUND);
    assert_int_equal(rj_parameters_set(paths, "NoGraph", 1, NULL), RJ_OK);
    assert_int_equal(rj_registry_get_u32(&key, "NoGraph", &number, NULL), RJ_OK);
    assert_int_equal(rj_parameters_get(paths, "nograph", &value, NULL), RJ_OK);
    assert_int_equal(value, 1);
    assert_int_equal(rj_registry_set_text(&key, "NoGraph", "1", NULL), RJ_OK);
    assert_int_equal(rj_parameters_get(paths, "NoGraph", &value, NULL), RJ_E_INVALID);
    assert_int_equal(rj_parameters_set(paths, "NoGraph", -1, NULL), RJ_E_INVALID);
}

/* ---- Accounts -------------------------------------------------------------------------------- */

static void an_account_keeps_the_number_it_got(void **state)
{
    (void)state;
    rj_uid alice = 0;
    rj_uid bob = 0;
    rj_uid again = 0;
    char *sid = NULL;
    if (!rj_system_is_root())
        tap_skip("needs an elevated process");
    assert_int_equal(rj_account_of_sid(ALICE, NULL, &alice, NULL), RJ_OK);
    assert_int_equal(rj_account_of_sid(BOB, NULL, &bob, NULL), RJ_OK);
    assert_int_equal(rj_account_of_sid(ALICE, root, &again, NULL), RJ_OK);
    assert_int_equal(alice, 1000);
    assert_int_equal(bob, 1001);
    assert_int_equal(again, 1000);
    assert_int_equal(rj_account_sid_text(1001, NULL, &sid, NULL), RJ_OK);
    assert_string_equal(sid, BOB);
    rj_free(sid);
    assert_int_equal(rj_account_sid_text(4711, NULL, &sid, NULL), RJ_E_NOT_FOUND);
    assert_int_equal(rj_account_of_sid("S-1-5-18", NULL, &again, NULL), RJ_OK);
    assert_int_equal(again, 0);
    assert_int_equal(rj_account_of_sid("alice", NULL, &again, NULL), RJ_E_INVALID);
    assert_int_equal(rj_system_user_id(BOB, &again, NULL), RJ_OK);
    assert_int_equal(again, 1001);
}

static void a_damaged_table_gives_nobody_the_number_of_another(void **state)
{
    (void)state;
    rj_registry_key table = {root, RJ_HIVE_MACHINE, ACCOUNTS};
    rj_uid uid = 77;
    char *sid = NULL;
    rj_registry_set_u32(&table, ALICE, 1005, NULL);
    rj_registry_set_u32(&table, BOB, 1005, NULL);
    assert_int_equal(rj_account_of_sid(ALICE, NULL, &uid, NULL), RJ_E_CORRUPT);
    assert_int_equal(rj_account_sid_text(1005, NULL, &sid, NULL), RJ_E_CORRUPT);
    rj_registry_set_u32(&table, BOB, 0, NULL);
    assert_int_equal(rj_account_of_sid(BOB, NULL, &uid, NULL), RJ_E_CORRUPT);
    rj_registry_set_text(&table, BOB, "1006", NULL);
    assert_int_equal(rj_account_of_sid(BOB, NULL, &uid, NULL), RJ_E_INVALID);
    assert_int_equal(uid, 77);
}

static void without_administrators_a_token_is_an_ordinary_account(void **state)
{
    (void)state;
    HANDLE token = NULL;
    HANDLE restricted = NULL;
    SID_AND_ATTRIBUTES deny = {0};
    unsigned char administrators[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof administrators;
    rj_uid uid = 0;
    bool admin = true;
    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token));
    assert_true(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, administrators, &size));
    deny.Sid = administrators;
    if (!rj_system_is_root() ||
        !CreateRestrictedToken(token, 0, 1, &deny, 0, NULL, 0, NULL, &restricted))
        tap_skip("needs an elevated process that can make a restricted token");
    assert_int_equal(rj_account_of_token(restricted, NULL, &uid, &admin, NULL), RJ_OK);
    assert_false(admin);
    assert_int_equal(uid, 1000);
    assert_int_equal(rj_account_of_token(token, NULL, &uid, &admin, NULL), RJ_OK);
    assert_true(admin);
    assert_int_equal(uid, 0);
    CloseHandle(restricted);
    CloseHandle(token);
}

/* Without Administrators; NULL: this system gives no such token. */
static HANDLE restricted_token(void)
{
    unsigned char sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    SID_AND_ATTRIBUTES administrators = {.Sid = sid};
    HANDLE own = NULL;
    HANDLE restricted = NULL;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own) &&
        CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size) &&
        !CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE, 1, &administrators, 0, NULL, 0, NULL,
                               &restricted))
        restricted = NULL;
    CloseHandle(own);
    return restricted;
}

/* Runs as an ordinary account that the service enters into the table meanwhile. */
static int ask_who_we_are(const char *folder)
{
    rj_paths *own_paths = NULL;
    char *sid = NULL;
    char *of_number = NULL;
    rj_uid by_sid = 0;
    if (rj_paths_new(RJ_ROLE_SESSION, folder, NULL, &own_paths, NULL) != RJ_OK ||
        rj_account_token_sid(NULL, &sid, NULL) != RJ_OK)
        return 1;
    if (rj_system_is_root())
        return 2;
    rj_uid before = rj_system_uid();
    if (before < RJ_ACCOUNT_PASSING || before == UINT32_MAX)
        return 3;
    rj_registry_key table = {folder, RJ_HIVE_MACHINE, ACCOUNTS};
    if (rj_registry_set_u32(&table, sid, 1234, NULL) != RJ_OK)
        return 4;
    if (rj_system_uid() != before)
        return 5;
    if (rj_account_of_sid(sid, NULL, &by_sid, NULL) != RJ_OK || by_sid != before)
        return 6;
    if (rj_account_sid_text(before, NULL, &of_number, NULL) != RJ_OK || strcmp(of_number, sid) != 0)
        return 7;
    rj_free(of_number);
    rj_free(sid);
    rj_paths_free(own_paths);
    return 0;
}

static void our_own_number_stays_while_we_live(void **state)
{
    (void)state;
    HANDLE token = rj_system_is_root() ? restricted_token() : NULL;
    if (!token)
        tap_skip("needs an elevated process that can make a restricted token");
    test_set_environment("RJ_TEST_CHILD_ARGUMENT", root);
    wchar_t program[MAX_PATH];
    wchar_t line[MAX_PATH + 64];
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    DWORD code = 0;
    assert_true(GetModuleFileNameW(NULL, program, MAX_PATH) < MAX_PATH);
    swprintf(line, MAX_PATH + 64, L"\"%ls\" --test-child ask-who-we-are environment", program);
    assert_true(CreateProcessAsUserW(token, program, line, NULL, NULL, FALSE, 0, NULL, NULL, &start,
                                     &process));
    test_set_environment("RJ_TEST_CHILD_ARGUMENT", NULL);
    assert_int_equal(WaitForSingleObject(process.hProcess, 30000), WAIT_OBJECT_0);
    assert_true(GetExitCodeProcess(process.hProcess, &code));
    assert_int_equal(code, 0);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    CloseHandle(token);
}

static void names_of_nobody_are_not_found(void **state)
{
    (void)state;
    rj_uid uid = 0;
    char name[64];
    assert_int_equal(rj_system_user_id("no-such-user-here", &uid, NULL), RJ_E_NOT_FOUND);
    assert_string_equal(rj_system_user_name(4711, name, sizeof name), "uid 4711");
    assert_string_not_equal(rj_system_host_name(name, sizeof name), "");
}

static DWORD answer;     /* of the system, for every SID */
static const char *gone; /* but this one, which is no account any more */
static bool same;        /* all have one name */
static unsigned times_asked;

static DWORD ask_instead(const char *sid, char **ret_name)
{
    times_asked++;
    if (gone && strcmp(sid, gone) == 0)
        return ERROR_NONE_MAPPED;
    if (!answer)
        *ret_name =
            rj_strdup(same || !strcmp(sid, ALICE) ? "alice-of-elsewhere" : "bob-of-elsewhere");
    return answer;
}

static void a_known_person_is_found_without_a_network_and_asked_for_once(void **state)
{
    (void)state;
    rj_uid uid = 0;
    if (!rj_system_is_root())
        tap_skip("needs an elevated process");
    assert_int_equal(rj_account_of_sid(ALICE, NULL, &uid, NULL), RJ_OK);
    assert_int_equal(rj_account_of_sid(BOB, NULL, &uid, NULL), RJ_OK);
    answer = times_asked = 0;
    rj_account_names_ask(ask_instead);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rj_system_user_id("alice-of-elsewhere", &uid, NULL), RJ_OK);
    assert_int_equal(uid, 1000);
    assert_int_equal(times_asked, 2);
    answer = ERROR_TRUSTED_RELATIONSHIP_FAILURE;
    rj_system_refresh_names();
    assert_int_equal(rj_system_user_id("Bob-of-elsewhere", &uid, NULL), RJ_OK);
    assert_int_equal(uid, 1001);
    assert_int_equal(times_asked, 4);
    rj_account_names_ask(ask_instead); /* as after a start of the service */
    assert_int_equal(rj_system_user_id("alice-of-elsewhere", &uid, NULL), RJ_OK);
    assert_int_equal(uid, 1000);
    answer = ERROR_NONE_MAPPED; /* the account is gone */
    rj_system_refresh_names();
    assert_int_equal(rj_system_user_id("alice-of-elsewhere", &uid, NULL), RJ_E_NOT_FOUND);
    rj_account_names_ask(NULL);
}

static void a_name_is_that_of_the_account_which_has_it_now_without_a_network_too(void **state)
{
    (void)state;
    rj_uid uid = 0;
    if (!rj_system_is_root())
        tap_skip("needs an elevated process");
    assert_int_equal(rj_account_of_sid(ALICE, NULL, &uid, NULL), RJ_OK);
    assert_int_equal(rj_account_of_sid(BOB, NULL, &uid, NULL), RJ_OK);
    same = true;
    for (size_t i = 0; i < 2; i++) {
        answer = 0;
        rj_account_names_ask(ask_instead);
        assert_int_equal(rj_system_user_id("alice-of-elsewhere", &uid, NULL), RJ_E_INVALID);
        gone = i ? BOB : ALICE; /* listed behind the other, or before it */
        rj_account_names_ask(ask_instead);
        assert_int_equal(rj_system_user_id("alice-of-elsewhere", &uid, NULL), RJ_OK);
        gone = NULL;
        answer = ERROR_TRUSTED_RELATIONSHIP_FAILURE;
        rj_account_names_ask(ask_instead); /* as after a start of the service */
        assert_int_equal(rj_system_user_id("alice-of-elsewhere", &uid, NULL), RJ_OK);
        assert_int_equal(uid, i ? 1000 : 1001);
    }
    same = false;
    rj_account_names_ask(NULL);
}

static void a_mode_is_a_protected_access_list(void **state)
{
    (void)state;
    char text[512];
    assert_string_equal(rj_access_text(0600, false, NULL, text), "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)");
    assert_string_equal(rj_access_text(0755, true, NULL, text),
                        "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)");
    assert_string_equal(rj_access_text(0644, false, ALICE, text),
                        "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" ALICE ")");
}

/* ---- The process ----------------------------------------------------------------------------- */

static void clocks_go_on_and_random_differs(void **state)
{
    (void)state;
    uint64_t begin = rj_clock_monotonic_ns();
    int64_t wall = rj_clock_wall_ms();
    test_sleep_ms(30);
    assert_true(rj_clock_monotonic_ns() - begin >= 20000000);
    assert_true(rj_clock_wall_ms() - wall >= 20 && wall > INT64_C(1600000000000));
    unsigned char a[32] = {0};
    unsigned char b[32] = {0};
    assert_int_equal(rj_random(a, sizeof a, NULL), RJ_OK);
    assert_int_equal(rj_random(b, sizeof b, NULL), RJ_OK);
    assert_memory_not_equal(a, b, sizeof a);
}

static void the_environment_is_utf8(void **state)
{
    (void)state;
    test_set_environment("RJ_TEST_VALUE", "\xc3\xbc\xe2\x82\xac");
    char *value = rj_system_environment("RJ_TEST_VALUE");
    assert_string_equal(value, "\xc3\xbc\xe2\x82\xac");
    rj_free(value);
    assert_null(rj_system_environment("RJ_TEST_ABSENT"));
}

static void secrets_have_memory_of_their_own(void **state)
{
    (void)state;
    char *secret = rj_secret_alloc(100);
    assert_non_null(secret);
    memset(secret, 'x', 100);
    rj_wipe(secret, 100);
    assert_int_equal(secret[99], 0);
    rj_secret_free(secret, 100);
    rj_secret_free(NULL, 0);
}

static void failures_carry_the_words_of_the_system(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_fail_win32(&err, ERROR_ACCESS_DENIED, "file %d", 7), RJ_E_DENIED);
    assert_true(strncmp(err.text, "file 7: ", 8) == 0 && strlen(err.text) > 12);
    assert_true(err.text[strlen(err.text) - 1] != '.' && err.text[strlen(err.text) - 1] != '\n');
    rj_fail_win32(&err, 0xdeadbee, "x");
    assert_string_equal(err.text, "x: error 233495534");
}

static int killed(const char *argument)
{
    if (strcmp(argument, "exit") == 0)
        rj_system_exit_now(5);
    rj_system_kill_self();
    return 0;
}

static void a_process_ends_at_once(void **state)
{
    (void)state;
    assert_int_equal(test_child_run("killed", "exit"), 5);
    assert_int_equal(test_child_run("killed", "kill"), TEST_KILLED);
}

#define SYSTEM_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(int argc, char **argv)
{
    static const test_child children[] = {
        {"killed", killed}, {"ask-who-we-are", ask_who_we_are}, {NULL, NULL}};
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        SYSTEM_TEST(a_path_becomes_one_of_the_system),
        SYSTEM_TEST(an_absolute_path_has_a_drive_or_a_server),
        SYSTEM_TEST(paths_are_compared_as_the_file_system_compares_names),
        SYSTEM_TEST(everything_lies_below_the_root),
        SYSTEM_TEST(without_a_root_the_system_says_where_folders_are),
        SYSTEM_TEST(a_root_is_an_absolute_plain_path),
        SYSTEM_TEST(values_keep_their_type_and_a_wrong_one_is_named),
        SYSTEM_TEST(values_of_odd_forms_are_refused_with_what_they_are),
        SYSTEM_TEST(a_list_of_values_is_sorted_and_limited),
        SYSTEM_TEST(a_parameter_is_a_dword_of_the_service_key),
        SYSTEM_TEST(an_account_keeps_the_number_it_got),
        SYSTEM_TEST(a_damaged_table_gives_nobody_the_number_of_another),
        SYSTEM_TEST(without_administrators_a_token_is_an_ordinary_account),
        SYSTEM_TEST(our_own_number_stays_while_we_live),
        SYSTEM_TEST(names_of_nobody_are_not_found),
        SYSTEM_TEST(a_known_person_is_found_without_a_network_and_asked_for_once),
        SYSTEM_TEST(a_name_is_that_of_the_account_which_has_it_now_without_a_network_too),
        SYSTEM_TEST(a_mode_is_a_protected_access_list),
        SYSTEM_TEST(clocks_go_on_and_random_differs),
        SYSTEM_TEST(the_environment_is_utf8),
        SYSTEM_TEST(secrets_have_memory_of_their_own),
        SYSTEM_TEST(failures_carry_the_words_of_the_system),
        SYSTEM_TEST(a_process_ends_at_once),
    };
    return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
