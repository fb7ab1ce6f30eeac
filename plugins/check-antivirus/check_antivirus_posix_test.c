/* SPDX-License-Identifier: MIT */
/* The check "antivirus" on made-up systems with a made-up ClamAV daemon. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <realmjoin/check.h>

#include "check_fixture.h"
#include "signature_date.h"

#define ID "antivirus"
#define SOCKET "/run/clamav/clamd.ctl"
#define DAILY "/var/lib/clamav/daily.cvd"
#define DAY 86400

typedef enum manner { HONEST, MUTE, HALF, ENDLESS, RUDE, WRONG, CLOSING } manner;

typedef struct fake_clamd {
    int listener;
    manner manner;
    const char *version;
    pthread_t thread;
} fake_clamd;

static void answer(const fake_clamd *clamd, int fd)
{
    static char junk[65536];
    char command[64] = "";
    ssize_t got = recv(fd, command, sizeof command - 1, 0);
    const char *text = strcmp(command, "zPING") == 0 ? "PONG" : clamd->version;

    if (got <= 0)
        return;
    switch (clamd->manner) {
    case HONEST:
        send(fd, text, strlen(text) + 1, MSG_NOSIGNAL);
        break;
    case MUTE:
        recv(fd, command, sizeof command, 0); /* until the other side has had enough */
        break;
    case HALF:
        send(fd, "PO", 2, MSG_NOSIGNAL);
        recv(fd, command, sizeof command, 0);
        break;
    case ENDLESS:
        memset(junk, 'A', sizeof junk);
        while (send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
            continue;
        break;
    case RUDE:
        send(fd, "\xff\x01\x02\"}", 6, MSG_NOSIGNAL);
        break;
    case WRONG:
        send(fd, "PONGO", 6, MSG_NOSIGNAL);
        break;
    case CLOSING:
        break;
    }
}

static void *serve(void *data)
{
    const fake_clamd *clamd = data;
    int fd;

    while ((fd = accept(clamd->listener, NULL, NULL)) >= 0) {
        answer(clamd, fd);
        close(fd);
    }
    return NULL;
}

static void bind_socket(const check_fixture *fixture, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    check_fixture_folder(fixture, "/run/clamav");
    check_fixture_path(fixture, SOCKET, address.sun_path, sizeof address.sun_path);
    unlink(address.sun_path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chmod(address.sun_path, 0666), 0); /* as ClamAV does */
}

static void start_clamd(fake_clamd *clamd, const check_fixture *fixture, manner how,
                        const char *version)
{
    *clamd = (fake_clamd){.manner = how, .version = version};
    clamd->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(clamd->listener >= 0);
    bind_socket(fixture, clamd->listener);
    assert_int_equal(listen(clamd->listener, 8), 0);
    assert_int_equal(pthread_create(&clamd->thread, NULL, serve, clamd), 0);
}

static void stop_clamd(fake_clamd *clamd)
{
    shutdown(clamd->listener, SHUT_RDWR);
    pthread_join(clamd->thread, NULL);
    close(clamd->listener);
}

static int make(void **state)
{
    static check_fixture fixture;

    check_fixture_make(&fixture);
    check_fixture_text(&fixture, "/proc/1/comm", "systemd\n");
    check_fixture_link(&fixture, "/proc/1/fd/0", "/dev/null");
    *state = &fixture;
    return 0;
}

static int clean(void **state)
{
    check_fixture_remove(*state);
    return 0;
}

static void add_signatures(const check_fixture *fixture, int days_old)
{
    time_t moment = time(NULL) - (time_t)days_old * DAY;
    struct tm parts;
    char text[256];

    gmtime_r(&moment, &parts);
    strftime(text, sizeof text,
             "ClamAV-VDB:%d %b %Y %H-%M +0000:27430:2060000:90:abc:def:builder:1", &parts);
    check_fixture_text(fixture, DAILY, text);
}

static void add_process(const check_fixture *fixture, const char *pid, const char *name,
                        const char *mask)
{
    char path[64], text[256];

    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    snprintf(text, sizeof text, "%s\n", name);
    check_fixture_text(fixture, path, text);
    snprintf(path, sizeof path, "/proc/%s/fd/7", pid);
    check_fixture_link(fixture, path, "anon_inode:[fanotify]");
    snprintf(path, sizeof path, "/proc/%s/fdinfo/7", pid);
    snprintf(text, sizeof text,
             "pos:\t0\nflags:\t02\nfanotify flags:10 event-flags:8000\n"
             "fanotify mnt_id:1d mflags:0 mask:%s ignored_mask:70000\n",
             mask);
    check_fixture_text(fixture, path, text);
}

/* Run the check against a daemon of this manner. */
static void expect_with(const check_fixture *fixture, manner how, const char *version,
                        const char *settings, const char *state, const char *words)
{
    fake_clamd clamd;

    start_clamd(&clamd, fixture, how, version);
    check_fixture_expect(fixture, ID, settings, state, words);
    stop_clamd(&clamd);
}

/* ---- ClamAV ---------------------------------------------------------------------------------- */

static void a_daemon_with_recent_signatures_is_ok(void **state)
{
    add_signatures(*state, 1);
    expect_with(*state, HONEST, "ClamAV 1.0.7", "{}", "ok", "signatures that are 1 days old");
}

static void old_signatures_are_not_met(void **state)
{
    add_signatures(*state, 10);
    expect_with(*state, HONEST, "ClamAV 1.0.7", "{}", "not-met", "10 days old (at most 7)");
    expect_with(*state, HONEST, "ClamAV 1.0.7", "{\"maxDatabaseAgeDays\":30}", "ok", NULL);
}

static void signatures_of_unknown_age_are_unknown(void **state)
{
    expect_with(*state, HONEST, "ClamAV 1.0.7", "{}", "unknown", "how old its signatures are");
    check_fixture_text(*state, DAILY, "\x01\x02 no header");
    expect_with(*state, HONEST, "ClamAV 1.0.7", "{}", "unknown", "no header");
    add_signatures(*state, -30);
    expect_with(*state, HONEST, "ClamAV 1.0.7", "{}", "unknown", "in the future");
}

static void the_daemons_own_date_serves_where_no_database_is_seen(void **state)
{
    expect_with(*state, HONEST, "ClamAV 1.0.7/27430/Fri Nov  7 10:06:00 2014", "{}", "not-met",
                "days old");
}

static void scanning_on_access_can_be_required(void **state)
{
    static const char required[] = "{\"requireOnAccess\":true}";

    add_signatures(*state, 1);
    expect_with(*state, HONEST, "ClamAV 1.0.7", required, "not-met", "clamonacc");
    add_process(*state, "77", "clamonacc", "8010000");
    expect_with(*state, HONEST, "ClamAV 1.0.7", required, "ok", "before files are opened");
}

static void a_socket_nobody_listens_on_is_not_met(void **state)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    bind_socket(*state, fd);
    check_fixture_expect(*state, ID, "{}", "not-met", "ClamAV is installed, but does not run");
    close(fd);
}

static void a_daemon_that_does_not_answer_as_one_is_unknown(void **state)
{
    add_signatures(*state, 1);
    expect_with(*state, WRONG, "", "{}", "unknown", "no ClamAV answers");
    expect_with(*state, RUDE, "", "{}", "unknown", "no ClamAV answers");
    expect_with(*state, ENDLESS, "", "{}", "unknown", "no ClamAV answers");
    expect_with(*state, CLOSING, "", "{}", "unknown", "does not answer");
}

static void a_silent_daemon_ends_in_time(void **state)
{
    time_t started = time(NULL);

    expect_with(*state, MUTE, "", "{}", "unknown", "does not answer in time");
    expect_with(*state, HALF, "", "{}", "unknown", "does not answer in time");
    assert_true(time(NULL) - started <= 6);
}

static void something_else_at_the_sockets_path_is_unknown(void **state)
{
    check_fixture_text(*state, SOCKET, "");
    check_fixture_expect(*state, ID, "{}", "unknown", "is not a socket");
}

static void call_evaluate(rj_plugin *plugin, rj_op op, void *data)
{
    const rj_check *table = plugin_host_table(data, RJ_CHECK);

    table->evaluate(plugin, ID, op);
}

static void waiting_for_a_daemon_can_be_cancelled(void **state)
{
    const check_fixture *fixture = *state;
    struct timespec from, to;
    plugin_answer got;
    fake_clamd clamd;
    plugin_host *host;

    start_clamd(&clamd, fixture, MUTE, "");
    host = plugin_host_open(rj_plugin_entry_v1, fixture->root, fixture->scratch, "{}");
    clock_gettime(CLOCK_MONOTONIC, &from);
    got = plugin_host_call_cancelled(host, 10000, 100, call_evaluate, host);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_int_equal(got.status, RJ_E_CANCELLED);
    assert_null(got.result);
    got = plugin_host_call(host, 100, call_evaluate, host);
    assert_int_equal(got.status, RJ_E_TIMEOUT);
    assert_null(plugin_host_close(host));
    assert_true(to.tv_sec - from.tv_sec < 2);
    stop_clamd(&clamd);
}

/* ---- Other products -------------------------------------------------------------------------- */

static void no_scanner_anywhere_is_not_met(void **state)
{
    check_fixture_expect(*state, ID, "{}", "not-met", "No virus scanner was found");
}

static void processes_that_cannot_be_seen_are_unknown(void **state)
{
    check_fixture_expect_refused(*state, ID, "{}", "/proc/1/fd");
}

static void a_known_product_that_is_asked_before_opening_is_ok(void **state)
{
    add_process(*state, "812", "wdavdaemon", "10000");
    check_fixture_expect(*state, ID, "{}", "ok", "Microsoft Defender scans files");
}

static void an_unknown_process_that_is_asked_is_unknown(void **state)
{
    add_process(*state, "812", "fapolicyd", "50000");
    check_fixture_expect(*state, ID, "{}", "unknown", "fapolicyd");
}

static void watching_without_a_say_is_no_scanner(void **state)
{
    add_process(*state, "812", "indexer", "38");
    check_fixture_expect(*state, ID, "{}", "not-met", NULL);
}

static void a_known_product_is_told_apart_by_running_and_installed(void **state)
{
    check_fixture_text(*state, "/opt/CrowdStrike/falcon-sensor", "");
    check_fixture_expect(*state, ID, "{}", "not-met",
                         "CrowdStrike Falcon is installed, but does not run");
    add_process(*state, "812", "falcon-sensor", "0");
    check_fixture_expect(*state, ID, "{}", "unknown", "CrowdStrike Falcon runs");
}

static void hostile_processes_neither_hang_nor_crash(void **state)
{
    const check_fixture *fixture = *state;
    char junk[3000];

    check_fixture_fifo(fixture, "/proc/2/comm");
    check_fixture_link(fixture, "/proc/3", "3");
    check_fixture_text(fixture, "/proc/4", "a file");
    check_fixture_folder(fixture, "/proc/99999999999999999999999999/fd");
    check_fixture_folder(fixture, "/proc/5/fd");
    memset(junk, '\xee', sizeof junk);
    check_fixture_bytes(fixture, "/proc/5/comm", junk, sizeof junk);
    add_process(fixture, "6", "%s%n\x1b[31m", "zzzz");
    check_fixture_expect(fixture, ID, "{}", "not-met", NULL);
    check_fixture_huge(fixture, "/proc/6/fdinfo/7", 100LL * 1024 * 1024);
    check_fixture_expect(fixture, ID, "{}", "unknown", "/proc/6/fdinfo/7 is larger");
    add_process(fixture, "7", "%s%n\x1b[31m\xff", "10000");
    check_fixture_expect(fixture, ID, "{}", "unknown", "%s%n [31m?");
    check_fixture_fifo(fixture, DAILY);
    expect_with(fixture, HONEST, "ClamAV %n/x/y", "{}", "unknown", "not a regular file");
}

static void wrong_settings_are_one_clear_error(void **state)
{
    check_fixture_expect_error(*state, ID, "{\"sockets\":[]}", RJ_E_INVALID, "/settings/sockets");
    check_fixture_expect_error(*state, ID, "{\"maxDatabaseAgeDays\":1.5}", RJ_E_INVALID,
                               "/settings/maxDatabaseAgeDays");
}

static void dates_of_signatures_are_read(void **state)
{
    int64_t seconds = 0;

    (void)state;
    assert_true(signature_date_of_database("ClamAV-VDB:29 Feb 2024 12-30 +0000:1:", &seconds));
    assert_int_equal(seconds, 1709209800);
    assert_true(signature_date_of_database("ClamAV-VDB:29 Feb 2024 12-30 -0430:1:", &seconds));
    assert_int_equal(seconds, 1709209800 + 4 * 3600 + 1800);
    assert_false(signature_date_of_database("ClamAV-VDB:29 Fub 2024 12-30 -0430:1:", &seconds));
    assert_false(signature_date_of_database("ClamAV-VDB:", &seconds));
    assert_true(signature_date_of_version("ClamAV 1.0.7/27430/Thu Feb 29 12:30:01 2024", &seconds));
    assert_int_equal(seconds, 1709209800);
    assert_false(signature_date_of_version("ClamAV 1.0.7", &seconds));
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
    static char id[] = ID;
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_daemon_with_recent_signatures_is_ok),
        TREE_TEST(old_signatures_are_not_met),
        TREE_TEST(signatures_of_unknown_age_are_unknown),
        TREE_TEST(the_daemons_own_date_serves_where_no_database_is_seen),
        TREE_TEST(scanning_on_access_can_be_required),
        TREE_TEST(a_socket_nobody_listens_on_is_not_met),
        TREE_TEST(a_daemon_that_does_not_answer_as_one_is_unknown),
        TREE_TEST(a_silent_daemon_ends_in_time),
        TREE_TEST(something_else_at_the_sockets_path_is_unknown),
        TREE_TEST(waiting_for_a_daemon_can_be_cancelled),
        TREE_TEST(no_scanner_anywhere_is_not_met),
        TREE_TEST(processes_that_cannot_be_seen_are_unknown),
        TREE_TEST(a_known_product_that_is_asked_before_opening_is_ok),
        TREE_TEST(an_unknown_process_that_is_asked_is_unknown),
        TREE_TEST(watching_without_a_say_is_no_scanner),
        TREE_TEST(a_known_product_is_told_apart_by_running_and_installed),
        TREE_TEST(hostile_processes_neither_hang_nor_crash),
        TREE_TEST(wrong_settings_are_one_clear_error),
        cmocka_unit_test(dates_of_signatures_are_read),
        CHECK_FIXTURE_SHARED_TESTS(id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
