/* SPDX-License-Identifier: MIT */
/* Paths, system facts, sockets, libraries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/library.h"
#include "platform/local_socket.h"
#include "platform/paths.h"
#include "platform/system.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/rj-system-XXXXXX";

static rj_paths *paths_of(rj_role role, const char *root, const char *plugins)
{
    rj_paths *paths = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (rj_paths_new(role, root, plugins, &paths, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return paths;
}

static void the_real_system_has_its_fixed_places(void **state)
{
    (void)state;
    rj_paths *p = paths_of(RJ_ROLE_SERVICE, NULL, NULL);
    assert_string_equal(rj_paths_root(p), "");
    assert_string_equal(rj_path(p, RJ_PATH_PLUGINS), "/usr/lib/realmjoin/plugins");
    assert_string_equal(rj_path(p, RJ_PATH_PLUGINS_3RD), "/opt/realmjoin/plugins");
    assert_string_equal(rj_path(p, RJ_PATH_POLICY), "/etc/realmjoin/policy");
    assert_string_equal(rj_path(p, RJ_PATH_PARAMETERS), "/etc/realmjoin/parameters.json");
    assert_string_equal(rj_path(p, RJ_PATH_STATE), "/var/lib/realmjoin");
    assert_string_equal(rj_path(p, RJ_PATH_CACHE), "/var/cache/realmjoin");
    assert_string_equal(rj_path(p, RJ_PATH_LOG), "/var/log/realmjoin");
    assert_string_equal(rj_path(p, RJ_PATH_PACKAGE_LOGS), "/var/log/realmjoin/packages");
    assert_string_equal(rj_path(p, RJ_PATH_PACKAGE_LIB), "/var/lib/realmjoin/chocolatey/lib");
    assert_string_equal(rj_path(p, RJ_PATH_RUN), "/run/realmjoin");
    assert_string_equal(rj_path(p, RJ_PATH_SOCKET), "/run/realmjoin/agent.sock");
    rj_paths_free(p);
}

static void a_root_moves_every_path(void **state)
{
    (void)state;
    for (int role = RJ_ROLE_SERVICE; role <= RJ_ROLE_SESSION; role++) {
        rj_paths *p = paths_of((rj_role)role, "/srv/x//", NULL);
        assert_string_equal(rj_paths_root(p), "/srv/x");
        for (int kind = 0; kind < RJ_PATH_COUNT; kind++)
            assert_int_equal(strncmp(rj_path(p, (rj_path_kind)kind), "/srv/x/", 7), 0);
        rj_paths_free(p);
    }
}

static void a_session_has_its_users_folders(void **state)
{
    (void)state;
    setenv("HOME", "/srv/alice", 1);
    unsetenv("XDG_STATE_HOME");
    setenv("XDG_CACHE_HOME", "relative/is/ignored", 1);
    setenv("XDG_DATA_HOME", "/srv/data", 1);
    rj_paths *p = paths_of(RJ_ROLE_SESSION, "", NULL);
    assert_string_equal(rj_path(p, RJ_PATH_STATE), "/srv/alice/.local/state/realmjoin");
    assert_string_equal(rj_path(p, RJ_PATH_LOG), "/srv/alice/.local/state/realmjoin");
    assert_string_equal(rj_path(p, RJ_PATH_CACHE), "/srv/alice/.cache/realmjoin");
    assert_string_equal(rj_path(p, RJ_PATH_PACKAGE_LIB), "/srv/data/realmjoin/chocolatey/lib");
    assert_string_equal(rj_path(p, RJ_PATH_SOCKET), "/run/realmjoin/agent.sock");
    rj_paths_free(p);
    p = paths_of(RJ_ROLE_SESSION, "/srv/x", NULL);
    char name[64];
    char expected[200];
    snprintf(expected, sizeof expected, "/srv/x/home/%s/.local/share/realmjoin/chocolatey/lib",
             rj_system_user_name(rj_system_uid(), name, sizeof name));
    assert_string_equal(rj_path(p, RJ_PATH_PACKAGE_LIB), expected);
    rj_paths_free(p);
}

static void overrides_are_checked_and_refused_for_an_installed_service(void **state)
{
    (void)state;
    rj_paths *p = paths_of(RJ_ROLE_SERVICE, "/", "/srv/plugins/");
    assert_string_equal(rj_paths_root(p), "");
    assert_string_equal(rj_path(p, RJ_PATH_PLUGINS), "/srv/plugins");
    rj_paths_free(p);
    p = NULL;
    static const char *const bad[] = {"relative", "/a/../b", "/a//b", "/a/.", "/.."};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, bad[i], NULL, &p, NULL), RJ_E_INVALID);
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", rj_system_pid());
    setenv("SYSTEMD_EXEC_PID", pid, 1);
    assert_true(rj_system_is_installed_service());
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, "/srv/x", NULL, &p, NULL), RJ_E_DENIED);
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, NULL, "/srv/x", &p, NULL), RJ_E_DENIED);
    unsetenv("SYSTEMD_EXEC_PID");
    assert_false(rj_system_is_installed_service());
    assert_null(p);
}

static void names_from_outside_cannot_leave_their_folder(void **state)
{
    (void)state;
    char *path = NULL;
    assert_int_equal(rj_path_join("/a", "b.c", &path, NULL), RJ_OK);
    assert_string_equal(path, "/a/b.c");
    rj_free(path);
    path = NULL;
    static const char *const bad[] = {"", ".", "..", "a/b", "../x", "a\\b", "a\nb", "\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(rj_path_join("/a", bad[i], &path, NULL), RJ_E_INVALID);
    assert_null(path);
}

static void paths_survive_every_failing_allocation(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 200; n++) {
        rj_paths *p = NULL;
        rj_alloc_fail_from(n);
        rj_status status = rj_paths_new(RJ_ROLE_SESSION, "/srv/x", "/srv/p", &p, NULL);
        rj_alloc_fail_from(0);
        if (status == RJ_OK) {
            rj_paths_free(p);
            return;
        }
        assert_int_equal(status, RJ_E_NO_MEMORY);
        assert_null(p);
    }
    fail();
}

static void clocks_and_users_are_told(void **state)
{
    (void)state;
    char text[25];
    rj_clock_format(INT64_C(1795428000007), text);
    assert_string_equal(text, "2026-11-23T10:00:00.007Z");
    rj_clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    uint64_t before = rj_clock_monotonic_ns();
    assert_true(rj_clock_monotonic_ns() >= before);
    char name[32];
    assert_string_equal(rj_system_user_name(0, name, sizeof name), "root");
    assert_string_equal(rj_system_user_name(4000000001u, name, sizeof name), "uid 4000000001");
    rj_uid uid = 7;
    assert_int_equal(rj_system_user_id("root", &uid, NULL), RJ_OK);
    assert_int_equal(uid, 0);
    assert_int_equal(rj_system_user_id("no such user", &uid, NULL), RJ_E_NOT_FOUND);
    unsigned char a[16] = {0};
    unsigned char b[16] = {0};
    assert_int_equal(rj_random(a, sizeof a, NULL), RJ_OK);
    assert_int_equal(rj_random(b, sizeof b, NULL), RJ_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(rj_terminal_width(-1), 80);
}

/* ---- Sockets --------------------------------------------------------------------------------- */

static void talk_over(const char *path)
{
    rj_error err = RJ_ERROR_NONE;
    rj_local_socket server = -1;
    rj_local_socket client = -1;
    mode_t before = umask(0077);
    if (rj_local_socket_listen(path, 8, &server, &err) != RJ_OK)
        fail_msg("%s", err.text);
    umask(before);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
    if (rj_local_socket_connect(path, &client, &err) != RJ_OK)
        fail_msg("%s", err.text);
    int accepted = accept((int)server, NULL, NULL);
    assert_true(accepted >= 0);
    rj_peer peer;
    assert_int_equal(rj_local_socket_peer(accepted, &peer, &err), RJ_OK);
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.pid, getpid());
    assert_true(peer.admin);
    char byte = 0;
    assert_int_equal(write((int)client, "x", 1), 1);
    assert_int_equal(read(accepted, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(accepted);
    close((int)client);
    close((int)server);
}

static void a_socket_connects_and_names_its_peer(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/run/agent.sock", top);
    talk_over(path);
    talk_over(path); /* the stale file is replaced */
    rj_local_socket fd = -1;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_local_socket_connect(path, &fd, &err), RJ_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "nobody listens at "));
    rj_local_socket_remove(path);
    assert_int_equal(rj_local_socket_connect(path, &fd, &err), RJ_E_NOT_FOUND);
}

static void a_socket_path_may_be_long(void **state)
{
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/%0150d/%0100d/agent.sock", top, 1, 2);
    talk_over(path);
}

/* ---- Libraries ------------------------------------------------------------------------------- */

static void paths_are_compared_byte_by_byte_and_name_by_name(void **state)
{
    (void)state;
    assert_true(rj_path_equal("/a/b", "/a/b/"));
    assert_false(rj_path_equal("/a/b", "/a/B") || rj_path_equal("/a/b", "/a/bc"));
    assert_true(rj_path_is_below("/a/b/c", "/a/b") && rj_path_is_below("/a/b/c", "/a/b/"));
    assert_true(rj_path_is_below("/a", "/"));
    assert_false(rj_path_is_below("/a/b", "/a/b") || rj_path_is_below("/a/b/", "/a/b"));
    assert_false(rj_path_is_below("/a/bc", "/a/b") || rj_path_is_below("/A/b", "/a"));
}

static void a_library_is_loaded_only_as_expected(void **state)
{
    (void)state;
    rj_library *library = NULL;
    rj_error err = RJ_ERROR_NONE;
    char path[200];
    snprintf(path, sizeof path, "%s/notes.so", top);
    assert_int_equal(rj_file_write(path, "no library", 10, 0644, NULL), RJ_OK);
    assert_int_equal(rj_library_open(path, NULL, NULL, &library, &err), RJ_E_FAILED);
    assert_non_null(strstr(err.text, "notes.so cannot be loaded: "));
    char wrong[65];
    memset(wrong, '0', 64);
    wrong[64] = '\0';
    assert_int_equal(rj_library_open(path, NULL, wrong, &library, &err), RJ_E_CORRUPT);
    assert_non_null(strstr(err.text, "expected is 0000"));
    chmod(path, 0666);
    assert_int_equal(rj_library_open(path, NULL, NULL, &library, &err), RJ_E_DENIED);
    assert_int_equal(rj_library_open(top, NULL, NULL, &library, &err), RJ_E_INVALID);
    assert_null(library);
}

int main(void)
{
    if (!mkdtemp(top))
        return 1;
    chmod(top, 0755);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_system_has_its_fixed_places),
        cmocka_unit_test(a_root_moves_every_path),
        cmocka_unit_test(a_session_has_its_users_folders),
        cmocka_unit_test(overrides_are_checked_and_refused_for_an_installed_service),
        cmocka_unit_test(names_from_outside_cannot_leave_their_folder),
        cmocka_unit_test(paths_survive_every_failing_allocation),
        cmocka_unit_test(clocks_and_users_are_told),
        cmocka_unit_test(a_socket_connects_and_names_its_peer),
        cmocka_unit_test(a_socket_path_may_be_long),
        cmocka_unit_test(paths_are_compared_byte_by_byte_and_name_by_name),
        cmocka_unit_test(a_library_is_loaded_only_as_expected),
    };
    int failed = cmocka_run_group_tests_name("platform_system", tests, NULL, NULL);
    rj_dir_remove(top, NULL);
    return failed;
}
