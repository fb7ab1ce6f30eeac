/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "local_socket_win32.h"
#include "tap_skip.h"

#include <sddl.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static char name[64];

static int setup(void **state)
{
    static unsigned made;
    (void)state;
    snprintf(name, sizeof name, "//./pipe/rj-test-%lu-%u", GetCurrentProcessId(), made++);
    return 0;
}

/* ---- Identity -------------------------------------------------------------------------------- */

static void the_two_sources_together_say_no_more_than_either(void **state)
{
    static const struct {
        rj_identity left, right;
        rj_status status;
        rj_identity expected;
    } table[] = {
        {{0, true}, {0, true}, RJ_OK, {0, true}},
        {{0, true}, {1000, false}, RJ_OK, {1000, false}}, /* Wine lends our own token */
        {{1000, false}, {0, true}, RJ_OK, {1000, false}}, /* a process number used anew */
        {{1000, false}, {1000, false}, RJ_OK, {1000, false}},
        {{1000, false}, {1001, false}, RJ_E_DENIED, {0, false}},
        {{0x80000001u, false}, {1001, false}, RJ_E_DENIED, {0, false}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        rj_identity made = {0, false};
        rj_error err = RJ_ERROR_NONE;
        assert_int_equal(rj_identity_merge(&table[i].left, &table[i].right, &made, &err),
                         table[i].status);
        assert_int_equal(made.uid, table[i].expected.uid);
        assert_int_equal(made.admin, table[i].expected.admin);
        assert_int_equal(table[i].status == RJ_OK, err.text[0] == '\0');
    }
}

/* ---- Rights ---------------------------------------------------------------------------------- */

static DWORD rights_of(PACL list, const wchar_t *sid_text, BYTE type)
{
    PSID sid = NULL;
    DWORD rights = 0;
    assert_true(ConvertStringSidToSidW(sid_text, &sid));
    for (DWORD i = 0; i < list->AceCount; i++) {
        union {
            void *at;
            ACCESS_ALLOWED_ACE *ace;
        } entry;
        assert_true(GetAce(list, i, &entry.at));
        if (entry.ace->Header.AceType == type && EqualSid(&entry.ace->SidStart, sid))
            rights |= entry.ace->Mask;
    }
    LocalFree(sid);
    return rights;
}

static void users_may_talk_and_not_serve(void **state)
{
    PSECURITY_DESCRIPTOR made = NULL;
    BOOL present = FALSE;
    BOOL by_default = FALSE;
    PACL list = NULL;
    (void)state;
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(RJ_PIPE_SDDL, SDDL_REVISION_1,
                                                                     &made, NULL));
    assert_true(GetSecurityDescriptorDacl(made, &present, &list, &by_default));
    assert_true(present);
    static const wchar_t *const users[] = {L"S-1-5-4", L"S-1-5-11"};
    for (size_t i = 0; i < 2; i++) {
        DWORD rights = rights_of(list, users[i], ACCESS_ALLOWED_ACE_TYPE);
        assert_int_equal(rights & (FILE_READ_DATA | FILE_WRITE_DATA),
                         FILE_READ_DATA | FILE_WRITE_DATA);
        assert_int_equal(rights & (FILE_CREATE_PIPE_INSTANCE | WRITE_DAC | WRITE_OWNER | DELETE |
                                   GENERIC_ALL | GENERIC_WRITE),
                         0);
    }
    assert_int_equal(rights_of(list, L"S-1-5-18", ACCESS_ALLOWED_ACE_TYPE), GENERIC_ALL);
    assert_int_equal(rights_of(list, L"S-1-5-32-544", ACCESS_ALLOWED_ACE_TYPE), GENERIC_ALL);
    assert_int_equal(rights_of(list, L"S-1-5-2", ACCESS_DENIED_ACE_TYPE), GENERIC_ALL);
    assert_int_equal(rights_of(list, L"S-1-1-0", ACCESS_ALLOWED_ACE_TYPE), 0);
    LocalFree(made);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static void both_ends_name_each_other(void **state)
{
    char own[64];
    rj_local_socket server, client;
    rj_peer peer = {0};
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_local_socket_listen(name, 8, &server, NULL), RJ_OK);
    assert_int_equal(rj_local_socket_connect(name, &client, NULL), RJ_OK);
    if (rj_local_socket_peer(server, &peer, &err) != RJ_OK)
        fail_msg("%s", err.text);
    assert_int_equal(peer.uid, rj_system_uid());
    assert_string_equal(peer.name, rj_system_own_name(own, sizeof own));
    assert_string_not_equal(own, "");
    assert_int_equal(peer.pid, rj_system_pid());
    assert_true(peer.admin);
    assert_non_null(strstr(peer.image, "local_socket"));
    memset(&peer, 0, sizeof peer);
    if (rj_local_socket_peer(client, &peer, &err) != RJ_OK)
        fail_msg("%s", err.text);
    assert_int_equal(peer.pid, rj_system_pid());
    assert_true(peer.admin);
    CloseHandle((HANDLE)client);
    CloseHandle((HANDLE)server);
}

static void where_nobody_listens_nobody_is_found(void **state)
{
    rj_local_socket client;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_local_socket_connect(name, &client, &err), RJ_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "nobody listens at //./pipe/"));
}

static void when_all_instances_are_taken_the_next_waits_for_one(void **state)
{
    rj_local_socket server, first, second;
    HANDLE further = NULL;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_local_socket_listen(name, 8, &server, NULL), RJ_OK);
    assert_int_equal(rj_local_socket_connect(name, &first, NULL), RJ_OK);
    assert_int_not_equal(rj_local_socket_connect(name, &second, &err), RJ_OK);
    assert_non_null(strstr(err.text, "cannot be connected to"));
    assert_int_equal(rj_local_socket_instance(name, false, &further, NULL), RJ_OK);
    assert_int_equal(rj_local_socket_connect(name, &second, NULL), RJ_OK);
    CloseHandle((HANDLE)first);
    CloseHandle((HANDLE)second);
    CloseHandle(further);
    CloseHandle((HANDLE)server);
}

static void a_name_that_another_program_has_is_not_shared(void **state)
{
    rj_local_socket server, second = 0;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_local_socket_listen(name, 8, &server, NULL), RJ_OK);
    rj_status status = rj_local_socket_listen(name, 8, &second, &err);
    if (status == RJ_OK)
        CloseHandle((HANDLE)second);
    CloseHandle((HANDLE)server);
    if (status == RJ_OK)
        tap_skip("this system does not keep a pipe to its first server (Wine)");
    assert_int_equal(status, RJ_E_BUSY);
}

/* A pipe of `name` as somebody else may have made it before us. */
static HANDLE squat(void)
{
    wchar_t wide[80];
    swprintf(wide, 80, L"%hs", name);
    for (wchar_t *c = wide; *c; c++)
        *c = *c == L'/' ? L'\\' : *c;
    HANDLE pipe = CreateNamedPipeW(wide, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                   PIPE_TYPE_BYTE | PIPE_WAIT, 1, 4096, 4096, 0, NULL);
    assert_true(pipe != INVALID_HANDLE_VALUE);
    return pipe;
}

static void who_has_taken_the_name_is_named(void **state)
{
    rj_local_socket server = 0;
    rj_error err = RJ_ERROR_NONE;
    char process[60];
    (void)state;
    HANDLE taken = squat();
    assert_int_equal(rj_local_socket_listen(name, 8, &server, &err), RJ_E_BUSY);
    snprintf(process, sizeof process, "belongs to another program: process %lu, ",
             GetCurrentProcessId());
    assert_non_null(strstr(err.text, process));
    assert_non_null(strstr(err.text, "local_socket_test.exe"));
    CloseHandle(taken);
}

static void a_sandboxed_program_of_ours_is_no_service(void **state)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security};
    rj_local_socket client;
    rj_peer peer = {0};
    rj_error err = RJ_ERROR_NONE;
    wchar_t wide[80];
    (void)state;
    swprintf(wide, 80, L"%hs", name);
    for (wchar_t *c = wide; *c; c++)
        *c = *c == L'/' ? L'\\' : *c;
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(
        L"D:(A;;GA;;;WD)S:(ML;;NW;;;LW)", SDDL_REVISION_1, &security.lpSecurityDescriptor, NULL));
    HANDLE server = CreateNamedPipeW(wide, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                     PIPE_TYPE_BYTE | PIPE_WAIT, 1, 4096, 4096, 0, &security);
    LocalFree(security.lpSecurityDescriptor);
    assert_true(server != INVALID_HANDLE_VALUE);
    assert_int_equal(rj_local_socket_connect(name, &client, NULL), RJ_OK);
    rj_status status = rj_local_socket_peer(client, &peer, &err);
    CloseHandle((HANDLE)client);
    CloseHandle(server);
    if (status == RJ_OK)
        tap_skip("this system keeps no labels of pipes, or gives ours to Administrators");
    assert_int_equal(status, RJ_E_DENIED);
    assert_non_null(strstr(err.text, "low integrity"));
}

#define TEST(NAME) cmocka_unit_test_setup(NAME, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_two_sources_together_say_no_more_than_either),
        TEST(users_may_talk_and_not_serve),
        TEST(both_ends_name_each_other),
        TEST(where_nobody_listens_nobody_is_found),
        TEST(when_all_instances_are_taken_the_next_waits_for_one),
        TEST(a_name_that_another_program_has_is_not_shared),
        TEST(who_has_taken_the_name_is_named),
        TEST(a_sandboxed_program_of_ours_is_no_service),
    };
    return cmocka_run_group_tests_name("platform_local_socket", tests, NULL, NULL);
}
