/* SPDX-License-Identifier: MIT */
/*
 * The agent dies at every step: a child process does the work and kills itself at its n-th change
 * of a folder, for every n until one gets through.  After each death the plugin is opened on what
 * is left, recovers, and has to stand on one side: the former state or the new one.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "craft_fixture_test.h"

/* ---- Dying at the n-th step ------------------------------------------------------------------ */

static atomic_int steps_left; /* 0: not armed */

static void step(void)
{
    if (atomic_load(&steps_left) > 0 && atomic_fetch_sub(&steps_left, 1) == 1)
        kill(getpid(), SIGKILL);
}

int __real_fsync(int fd);
int __real_mkdir(const char *path, mode_t mode);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_unlinkat(int folder, const char *path, int flags);
int __wrap_fsync(int fd);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_unlinkat(int folder, const char *path, int flags);

int __wrap_fsync(int fd)
{
    step();
    return __real_fsync(fd);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    step();
    return __real_mkdir(path, mode);
}

int __wrap_rename(const char *from, const char *to)
{
    step();
    return __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    step();
    return __real_unlink(path);
}

int __wrap_unlinkat(int folder, const char *path, int flags)
{
    step();
    return __real_unlinkat(folder, path, flags);
}

/* Ask in a child that dies at step `n` (0: when it likes).  1: it died, 0: it got through. */
static int dies(craft_fixture *f, int n, const char *method)
{
    int how = 0;
    pid_t child;

    craft_fixture_suspend(f);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        plugin_answer answer;

        craft_fixture_reopen(f);
        atomic_store(&steps_left, n);
        answer = craft_ask(f, strcmp(method, "install") == 0     ? f->table->install
                              : strcmp(method, "uninstall") == 0 ? f->table->uninstall
                                                                 : f->table->fetch);
        _exit(answer.status == RJ_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    craft_fixture_reopen(f);
    if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
        return 1;
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    return 0;
}

/* ---- Crafts ---------------------------------------------------------------------------------- */

#define COUNTING "#!/bin/sh\necho run >>\"$OUT\"\n"
#define ASKING "#!/bin/sh\n[ -e \"$OUT\" ]\n"

static craft_fixture *open_with(const char *install, const char *uninstall, const char *detect)
{
    craft_fixture *f = craft_fixture_open();
    craft_member members[5] = {{"rj_install.sh", install, 0}, {"a/b/c.txt", "c", 0}};
    size_t count = 2;

    if (uninstall)
        members[count++] = (craft_member){"rj_uninstall.sh", uninstall, 0};
    if (detect)
        members[count++] = (craft_member){"rj_detect.sh", detect, 0};
    craft_write_archive(f, "hello.zip", members);
    json_object_set_new(json_object_get(f->request, "environment"), "OUT",
                        json_string(craft_path(f, "out")));
    craft_fetch_now(f);
    return f;
}

/* What detect says: the version, "" for not installed. */
static const char *detected(craft_fixture *f)
{
    static char version[64];
    plugin_answer answer = craft_ask(f, f->table->detect);

    if (answer.status != RJ_OK)
        fail_msg("detect: %s", answer.message);
    snprintf(version, sizeof version, "%s", craft_said(&answer, "version"));
    return version;
}

static plugin_answer recover_now(craft_fixture *f)
{
    plugin_answer answer = craft_ask(f, f->table->recover);

    if (answer.status != RJ_OK)
        fail_msg("recover: %s", answer.message);
    assert_int_equal(craft_count(craft_path(f, "host/state/work")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/old")), 0);
    assert_false(craft_there(craft_path(f, "host/state/crafts/hello/uninstalling")));
    return answer;
}

static void assert_said(const plugin_answer *answer, const char *member, const char *text)
{
    assert_string_equal(craft_said(answer, member), text);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

/* The install of `version` over `former` ("" for none), dying at every step. */
static void die_installing(const char *uninstall, const char *detect, const char *former)
{
    int deaths = 0;

    for (int died = 1; died; deaths++) {
        craft_fixture *f = open_with(COUNTING, uninstall, detect);
        plugin_answer answer;
        const char *version;
        int ran, recorded;

        assert_true(deaths < 100);
        if (former[0]) {
            answer = craft_ask(f, f->table->install);
            assert_int_equal(answer.status, RJ_OK);
            unlink(craft_path(f, "out"));
        }
        json_object_set_new(f->request, "version", json_string("2.0.0"));
        craft_fetch_now(f);
        died = dies(f, deaths + 1, "install");
        ran = craft_there(craft_path(f, "out"));
        recorded = craft_there(craft_path(f, "host/state/work/hello/installed.json"));
        answer = recover_now(f);
        version = detected(f);
        if (recorded)
            assert_said(&answer, "outcome", "finished");
        if (strcmp(craft_said(&answer, "outcome"), "finished") == 0) {
            assert_true(died && ran);
            assert_string_equal(version, "2.0.0");
        } else if (strcmp(craft_said(&answer, "outcome"), "rolled-back") == 0) {
            assert_true(died);
            /* where a detect script knows that the former one is gone, the record is not all */
            assert_string_equal(version, detect && !ran ? "" : former);
            if (ran)
                assert_said(&answer, "certain", "false");
        } else if (!died) {
            assert_string_equal(version, "2.0.0");
        }
        assert_int_equal(craft_count(craft_path(f, "host/state/trash")), 0);
        answer = recover_now(f);
        assert_said(&answer, "outcome", "nothing");
        answer = craft_ask(f, f->table->install);
        assert_int_equal(answer.status, RJ_OK);
        assert_string_equal(detected(f), "2.0.0");
        craft_fixture_close(f);
    }
    assert_true(deaths > 8);
}

static void a_first_install_survives_death_at_every_step(void **state)
{
    (void)state;
    die_installing(NULL, NULL, "");
}

static void an_upgrade_survives_death_at_every_step(void **state)
{
    (void)state;
    die_installing(COUNTING, NULL, "1.0.0");
}

static void an_upgrade_with_a_detect_script_survives_death_at_every_step(void **state)
{
    (void)state;
    die_installing(NULL, ASKING, "1.0.0");
}

static void an_uninstall_survives_death_at_every_step(void **state)
{
    int deaths = 0;

    (void)state;
    for (int died = 1; died; deaths++) {
        craft_fixture *f = open_with(COUNTING, "#!/bin/sh\nrm -f \"$OUT\"\n", ASKING);
        plugin_answer answer = craft_ask(f, f->table->install);

        assert_int_equal(answer.status, RJ_OK);
        assert_true(deaths < 100);
        died = dies(f, deaths + 1, "uninstall");
        recover_now(f);
        if (craft_there(craft_path(f, "out"))) {
            assert_true(died);
            assert_string_equal(detected(f), "1.0.0");
            answer = craft_ask(f, f->table->uninstall);
            assert_int_equal(answer.status, RJ_OK);
        }
        assert_string_equal(detected(f), "");
        assert_int_equal(craft_count(craft_path(f, "host/state/crafts")), 0);
        assert_int_equal(craft_count(craft_path(f, "host/state/trash")), 0);
        craft_fixture_close(f);
    }
    assert_true(deaths > 3);
}

static void a_fetch_survives_death_at_every_step(void **state)
{
    int deaths = 0;

    (void)state;
    for (int died = 1; died; deaths++) {
        craft_fixture *f = open_with(COUNTING, NULL, NULL);
        const json_t *fetched = json_object_get(f->request, "fetched");

        assert_true(deaths < 20);
        unlink(json_string_value(json_object_get(fetched, "path")));
        died = dies(f, deaths + 1, "fetch");
        craft_fetch_now(f);
        assert_int_equal(craft_count(craft_path(f, "host/cache")), 1);
        craft_fixture_close(f);
    }
    assert_true(deaths > 2);
}

static void an_agent_killed_in_mid_script_says_that_the_outcome_is_not_known(void **state)
{
    craft_fixture *f = open_with(COUNTING "kill -9 $PPID\nsleep 1\n", NULL, NULL);
    plugin_answer answer;

    (void)state;
    assert_true(dies(f, 0, "install"));
    answer = recover_now(f);
    assert_said(&answer, "outcome", "rolled-back");
    assert_said(&answer, "certain", "false");
    assert_string_equal(detected(f), "");
    craft_fixture_close(f);
}

static void an_agent_killed_in_mid_script_asks_the_detect_script(void **state)
{
    craft_fixture *f = open_with(COUNTING "kill -9 $PPID\nsleep 1\n", NULL, ASKING);
    plugin_answer answer;

    (void)state;
    assert_true(dies(f, 0, "install"));
    answer = recover_now(f);
    assert_said(&answer, "outcome", "finished");
    assert_string_equal(detected(f), "1.0.0");
    craft_fixture_close(f);

    f = open_with("#!/bin/sh\nkill -9 $PPID\nsleep 1\n", NULL, ASKING);
    assert_true(dies(f, 0, "install"));
    answer = recover_now(f);
    assert_said(&answer, "outcome", "rolled-back");
    assert_said(&answer, "certain", "true");
    craft_fixture_close(f);
}

static void a_former_record_that_was_left_aside_comes_back(void **state)
{
    craft_fixture *f = open_with(COUNTING, NULL, NULL);
    plugin_answer answer = craft_ask(f, f->table->install);

    (void)state;
    assert_int_equal(answer.status, RJ_OK);
    assert_int_equal(__real_rename(craft_path(f, "host/state/crafts/hello"),
                                   craft_path(f, "host/state/old/hello")),
                     0);
    recover_now(f);
    assert_string_equal(detected(f), "1.0.0");
    craft_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_install_survives_death_at_every_step),
        cmocka_unit_test(an_upgrade_survives_death_at_every_step),
        cmocka_unit_test(an_upgrade_with_a_detect_script_survives_death_at_every_step),
        cmocka_unit_test(an_uninstall_survives_death_at_every_step),
        cmocka_unit_test(a_fetch_survives_death_at_every_step),
        cmocka_unit_test(an_agent_killed_in_mid_script_says_that_the_outcome_is_not_known),
        cmocka_unit_test(an_agent_killed_in_mid_script_asks_the_detect_script),
        cmocka_unit_test(a_former_record_that_was_left_aside_comes_back),
    };

    return cmocka_run_group_tests_name("package-craft crash", tests, NULL, NULL);
}
