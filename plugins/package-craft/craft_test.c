/* SPDX-License-Identifier: MIT */
/* Crafts through the plugin's table: what works, and every refusal with its message. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive_hash.h"
#include "craft_fixture.h"

#define FETCH(F) craft_ask((F), (F)->table->fetch)
#define DETECT(F) craft_ask((F), (F)->table->detect)
#define UNINSTALL(F) craft_ask((F), (F)->table->uninstall)
#define STATE(F, PATH) craft_path((F), "host/state/" PATH)

static int setup(void **state)
{
    *state = craft_fixture_open();
    return 0;
}

static int teardown(void **state)
{
    craft_fixture_close(*state);
    return 0;
}

static void write_craft(const craft_fixture *f, const char *install, const char *uninstall,
                        const char *detect)
{
    craft_member members[5] = {{"rj_install.sh", install, 0}, {"data/payload.txt", "payload", 0}};
    size_t count = 2;

    if (uninstall)
        members[count++] = (craft_member){"rj_uninstall.sh", uninstall, 0};
    if (detect)
        members[count++] = (craft_member){"rj_detect.sh", detect, 0};
    craft_write_archive(f, "hello.zip", members);
}

static void set_environment(const craft_fixture *f, const char *name, const char *value)
{
    json_object_set_new(json_object_get(f->request, "environment"), name, json_string(value));
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

static void assert_fails(const plugin_answer *answer, rj_status status, const char *part)
{
    if (answer->status != status)
        fail_msg("status %d instead of %d: %s", (int)answer->status, (int)status, answer->message);
    assert_has(answer->message, part);
}

static void assert_ok(const plugin_answer *answer)
{
    if (answer->status != RJ_OK)
        fail_msg("status %d: %s", (int)answer->status, answer->message);
}

static void assert_nothing_left(const craft_fixture *f)
{
    assert_int_equal(craft_count(STATE(f, "crafts")), 0);
    assert_int_equal(craft_count(STATE(f, "work")), 0);
    assert_int_equal(craft_count(STATE(f, "old")), 0);
    assert_int_equal(craft_count(STATE(f, "trash")), 0);
}

/* ---- Install --------------------------------------------------------------------------------- */

static void a_script_gets_its_arguments_environment_and_folder(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    set_environment(f, "OUT", craft_path(f, "out"));
    write_craft(f,
                "#!/bin/sh\nprintf '%s|' \"$@\" >\"$OUT\"\ncat data/payload.txt >>\"$OUT\"\n"
                "env | sort | cut -d= -f1 | grep -v -e PWD -e SHLVL -e ^_ | tr '\\n' ' ' "
                ">>\"$OUT\"\necho done\n",
                NULL, NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    assert_string_equal(craft_text(craft_path(f, "out")),
                        "/Lang:de|/Name:A B|payloadOUT PATH RJ_PackageID ");
    assert_string_equal(craft_said(&answer, "exit_code"), "0");
    assert_string_equal(craft_said(&answer, "restart"), "false");
    assert_string_equal(craft_said(&answer, "version"), "1.0.0");
    assert_string_equal(craft_said(&answer, "files"), "2");
    assert_string_equal(craft_said(&answer, "output"), "done\n");
    assert_string_equal(craft_text(craft_path(f, "hello.log")), "done\n");
}

static void only_a_small_record_stays_of_a_craft_without_further_scripts(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    assert_int_equal(craft_count(STATE(f, "crafts/hello")), 1);
    assert_has(craft_text(STATE(f, "crafts/hello/installed.json")), "\"version\": \"1.0.0\"");
    assert_int_equal(craft_count(STATE(f, "work")), 0);
    assert_int_equal(craft_count(STATE(f, "trash")), 0);
}

static void a_script_marked_by_its_first_line_alone_is_started(void **state)
{
    craft_fixture *f = *state;
    const craft_member members[] = {{"rj_install.sh", "#!/bin/sh\nexit 0\n", 0644}, {0}};
    plugin_answer answer;

    craft_write_archive(f, "hello.zip", members);
    answer = craft_install_now(f);
    assert_ok(&answer);
}

static void exit_codes_194_and_105_want_a_restart(void **state)
{
    static const char *const scripts[] = {"#!/bin/sh\nexit 194\n", "#!/bin/bash\nexit 1641\n"};
    static const char *const codes[] = {"194", "105"};
    craft_fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        plugin_answer answer;

        write_craft(f, scripts[i], NULL, NULL);
        answer = craft_install_now(f);
        assert_ok(&answer);
        assert_string_equal(craft_said(&answer, "restart"), "true");
        assert_string_equal(craft_said(&answer, "exit_code"), codes[i]);
    }
}

static void a_failing_script_is_reported_with_code_and_output(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\necho no licence >&2\nexit 7\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_fails(&answer, RJ_E_FAILED,
                 "craft hello: rj_install.sh ended with exit code 7; last output: no licence");
    assert_string_equal(craft_said(&answer, "exit_code"), "7");
    assert_nothing_left(f);
}

static void a_failed_upgrade_keeps_the_former_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", "#!/bin/sh\nexit 0\n", NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    json_object_set_new(f->request, "version", json_string("2.0.0"));
    write_craft(f, "#!/bin/sh\nexit 1\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_fails(&answer, RJ_E_FAILED, "exit code 1; it printed nothing");
    answer = DETECT(f);
    assert_string_equal(craft_said(&answer, "version"), "1.0.0");
    assert_true(craft_there(STATE(f, "crafts/hello/package/rj_uninstall.sh")));
    assert_int_equal(craft_count(STATE(f, "work")), 0);
}

static void an_upgrade_takes_the_place_of_the_former_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", "#!/bin/sh\nexit 0\n", NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    json_object_set_new(f->request, "version", json_string("2.0.0"));
    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    answer = DETECT(f);
    assert_string_equal(craft_said(&answer, "version"), "2.0.0");
    assert_int_equal(craft_count(STATE(f, "crafts/hello")), 1);
    assert_int_equal(craft_count(STATE(f, "old")), 0);
    assert_int_equal(craft_count(STATE(f, "trash")), 0);
}

static void a_killed_script_is_a_failure_that_names_the_signal(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nkill -9 $$\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_fails(&answer, RJ_E_FAILED, "rj_install.sh was killed by signal 9 (Killed)");
    assert_string_equal(craft_said(&answer, "exit_code"), "");
    assert_nothing_left(f);
}

static void a_hanging_script_ends_at_its_time_limit_with_all_its_processes(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;
    int gone = 0;
    pid_t pid;

    set_environment(f, "OUT", craft_path(f, "out"));
    json_object_set_new(f->request, "time_limit_ms", json_integer(400));
    write_craft(f, "#!/bin/sh\nsleep 60 &\necho $! >\"$OUT\"\nwait\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_fails(&answer, RJ_E_TIMEOUT, "did not end within its time limit of 1 s and was killed");
    pid = (pid_t)atoi(craft_text(craft_path(f, "out")));
    assert_true(pid > 0);
    for (int i = 0; i < 100 && !gone; i++) {
        char path[64], line[256] = "";

        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        snprintf(line, sizeof line, "%.255s", craft_text(path));
        gone = line[0] == '\0' || strstr(line, ") Z ");
        usleep(20000);
    }
    assert_true(gone);
    assert_nothing_left(f);
}

static void cancelling_stops_the_script_and_leaves_no_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nsleep 60\n", NULL, NULL);
    craft_fetch_now(f);
    answer = craft_ask_cancelled(f, f->table->install, 300);
    assert_fails(&answer, RJ_E_CANCELLED, "rj_install.sh was stopped on request");
    assert_int_equal(craft_count(STATE(f, "crafts")), 0);
    assert_int_equal(craft_count(STATE(f, "work")), 0);
    answer = DETECT(f); /* the next work on the lane empties the trash */
    assert_string_equal(craft_said(&answer, "installed"), "false");
    assert_int_equal(craft_count(STATE(f, "trash")), 0);
}

static void a_missing_interpreter_is_explained(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/no/such/interpreter\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_fails(&answer, RJ_E_FAILED, "rj_install.sh could not be started");
    assert_has(answer.message, "interpreter");
    assert_nothing_left(f);
}

static void an_install_without_fetch_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer = craft_ask(f, f->table->install);

    assert_fails(&answer, RJ_E_INVALID, "nothing was fetched");
}

static void an_emptied_cache_is_noticed_at_install(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    craft_fetch_now(f);
    unlink(json_string_value(json_object_get(json_object_get(f->request, "fetched"), "path")));
    answer = craft_ask(f, f->table->install);
    assert_fails(&answer, RJ_E_NOT_FOUND, ".zip");
    assert_nothing_left(f);
}

static void a_cached_archive_that_was_changed_is_not_run(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;
    const char *path;
    FILE *file;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    craft_fetch_now(f);
    path = json_string_value(json_object_get(json_object_get(f->request, "fetched"), "path"));
    file = fopen(path, "ae");
    fputc('x', file);
    fclose(file);
    answer = craft_ask(f, f->table->install);
    assert_fails(&answer, RJ_E_NOT_FOUND, "was damaged and has been removed");
    assert_false(craft_there(path));
}

/* ---- Fetch ----------------------------------------------------------------------------------- */

static void fetch_keeps_the_archive_under_its_hash(void **state)
{
    craft_fixture *f = *state;
    unsigned char digest[RJ_SHA256_BYTES];
    char hex[RJ_SHA256_HEX], upper[RJ_SHA256_HEX];
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    assert_int_equal(rj_hash_file(craft_path(f, "feed/hello.zip"), 256, digest, NULL), RJ_OK);
    rj_hex(digest, sizeof digest, hex);
    for (size_t i = 0; i < sizeof hex; i++)
        upper[i] = (char)(hex[i] >= 'a' ? hex[i] - 32 : hex[i]);
    json_object_set_new(f->request, "hash", json_string(upper));
    answer = FETCH(f);
    assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "sha256"), hex);
    assert_string_equal(craft_said(&answer, "plan"), "[\"hello 1.0.0\"]");
    assert_true(craft_there(craft_said(&answer, "path")));
    assert_int_equal(craft_count(craft_path(f, "host/cache")), 1);
    /* the second time it need not be there any more */
    unlink(craft_path(f, "feed/hello.zip"));
    answer = FETCH(f);
    assert_ok(&answer);
}

static void another_hash_than_wanted_is_refused_and_not_kept(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    json_object_set_new(
        f->request, "hash",
        json_string("00000000000000000000000000000000000000000000000000000000000000ff"));
    answer = FETCH(f);
    assert_fails(&answer, RJ_E_CORRUPT, "hello.zip has the SHA-256 ");
    assert_int_equal(craft_count(craft_path(f, "host/cache")), 0);
}

static void a_sha1_is_refused_with_what_is_needed(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    json_object_set_new(f->request, "hash",
                        json_string("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
    answer = FETCH(f);
    assert_fails(&answer, RJ_E_INVALID, "give the SHA-256 (64 digits)");
    json_object_set_new(f->request, "hash", json_string("xyz"));
    answer = FETCH(f);
    assert_fails(&answer, RJ_E_INVALID, "not a hexadecimal digit");
}

static void a_wrong_location_is_named(void **state)
{
    static const struct {
        const char *location;
        rj_status status;
        const char *part;
    } cases[] = {{"missing.zip", RJ_E_NOT_FOUND, "feed/missing.zip"},
                 {"../hello.zip", RJ_E_INVALID, "remove the \"..\""},
                 {"a/../../hello.zip", RJ_E_INVALID, "remove the \"..\""},
                 {"https://x/hello.zip", RJ_E_INVALID, "is an address"},
                 {"/proc", RJ_E_INVALID, "not a regular file"},
                 {"", RJ_E_INVALID, "has no location"}};
    craft_fixture *f = *state;
    plugin_answer answer;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_object_set_new(f->request, "location", json_string(cases[i].location));
        answer = FETCH(f);
        assert_fails(&answer, cases[i].status, cases[i].part);
    }
    json_object_set_new(f->request, "location", json_string("hello.zip"));
    json_object_del(f->request, "sources");
    answer = FETCH(f);
    assert_fails(&answer, RJ_E_INVALID, "names no source");
}

static void assert_archive_refused(craft_fixture *f, const craft_member *members, rj_status status,
                                   const char *part)
{
    plugin_answer answer;

    craft_write_archive(f, "hello.zip", members);
    answer = FETCH(f);
    assert_fails(&answer, status, part);
    assert_has(answer.message, ".zip");
}

static void an_archive_that_is_no_craft_is_refused(void **state)
{
    const craft_member without[] = {{"readme.txt", "x", 0}, {0}};
    const craft_member deeper[] = {{"sub/rj_install.sh", "#!/bin/sh\n", 0}, {0}};
    const craft_member plain[] = {{"rj_install.sh", "exit 0\n", 0644}, {0}};
    const craft_member crlf[] = {{"rj_install.sh", "#!/bin/sh\r\nexit 0\r\n", 0}, {0}};
    const craft_member empty[] = {{"rj_install.sh", "", 0644}, {0}};
    const craft_member detect[] = {
        {"rj_install.sh", "#!/bin/sh\n", 0}, {"rj_detect.sh", "#!/bin/sh\r\n", 0}, {0}};
    craft_fixture *f = *state;

    assert_archive_refused(f, without, RJ_E_INVALID, "there is no rj_install.sh at its root");
    assert_archive_refused(f, deeper, RJ_E_INVALID, "there is no rj_install.sh at its root");
    assert_archive_refused(f, plain, RJ_E_INVALID, "rj_install.sh cannot be started");
    assert_archive_refused(f, crlf, RJ_E_INVALID, "Windows line ends (CRLF)");
    assert_archive_refused(f, empty, RJ_E_INVALID, "rj_install.sh cannot be started");
    assert_archive_refused(f, detect, RJ_E_INVALID, "rj_detect.sh has Windows line ends");
}

static void an_archive_with_names_that_leave_the_folder_is_refused(void **state)
{
    static const char *const names[] = {"../evil", "/etc/evil", "a/../../evil", "C:evil", "a\\b"};
    craft_fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const craft_member members[] = {
            {"rj_install.sh", "#!/bin/sh\n", 0}, {names[i], "x", 0}, {0}};
        plugin_answer answer;

        craft_write_archive(f, "hello.zip", members);
        answer = FETCH(f);
        assert_true(answer.status < RJ_OK);
        assert_has(answer.message, ".zip");
    }
}

static void a_truncated_archive_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    assert_int_equal(truncate(craft_path(f, "feed/hello.zip"), 120), 0);
    answer = FETCH(f);
    assert_true(answer.status == RJ_E_CORRUPT || answer.status == RJ_E_INVALID);
    assert_has(answer.message, ".zip");
}

static void the_script_names_the_version_when_the_policy_does_not(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    json_object_del(f->request, "version");
    write_craft(f,
                "#!/bin/sh\n# RealmJoin Craft Package ID: hello\n"
                "# RealmJoin Craft Package Version:  4.5.6 \nexit 0\n",
                NULL, NULL);
    answer = FETCH(f);
    assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "version"), "4.5.6");
    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    answer = FETCH(f);
    assert_fails(&answer, RJ_E_INVALID, "names a version");
}

static void a_request_with_a_mistake_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    json_object_set_new(f->request, "id", json_string("../x"));
    answer = DETECT(f);
    assert_fails(&answer, RJ_E_INVALID, "\"id\" must be fit to be the name of a folder");
    json_object_set_new(f->request, "id", json_string("hello"));
    set_environment(f, "A=B", "c");
    answer = DETECT(f);
    assert_fails(&answer, RJ_E_INVALID, "\"environment\"");
    json_object_del(f->request, "environment");
    json_object_set_new(f->request, "arguments", json_pack("[i]", 1));
    answer = DETECT(f);
    assert_fails(&answer, RJ_E_INVALID, "\"arguments\" must be a list of texts");
}

/* ---- Detect and uninstall -------------------------------------------------------------------- */

static void detect_without_a_record_says_not_installed(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer = DETECT(f);

    assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "false");
}

static void the_record_is_believed_where_there_is_no_detect_script(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    craft_fixture_reopen(f);
    answer = DETECT(f);
    assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    assert_string_equal(craft_said(&answer, "version"), "1.0.0");
}

static void the_detect_script_decides_between_there_gone_and_unknown(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    set_environment(f, "CODE", "0");
    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, "#!/bin/sh\nexit $CODE\n");
    answer = craft_install_now(f);
    assert_ok(&answer);
    answer = DETECT(f);
    assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    set_environment(f, "CODE", "1");
    answer = DETECT(f);
    assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "false");
    set_environment(f, "CODE", "5");
    answer = DETECT(f);
    assert_fails(&answer, RJ_E_FAILED, "not known whether it is installed");
}

static void a_damaged_record_is_neither_yes_nor_no(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;
    FILE *file;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    file = fopen(STATE(f, "crafts/hello/installed.json"), "we");
    fputs("{\"version\": 1}", file);
    fclose(file);
    answer = DETECT(f);
    assert_fails(&answer, RJ_E_CORRUPT, "crafts/hello/installed.json");
}

static void uninstall_runs_the_script_with_its_payload_and_removes_the_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    set_environment(f, "OUT", craft_path(f, "out"));
    write_craft(f, "#!/bin/sh\nexit 0\n",
                "#!/bin/sh\ncat data/payload.txt >\"$OUT\"\necho bye\nexit 194\n", NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    answer = UNINSTALL(f);
    assert_ok(&answer);
    assert_string_equal(craft_text(craft_path(f, "out")), "payload");
    assert_string_equal(craft_said(&answer, "restart"), "true");
    assert_string_equal(craft_said(&answer, "files"), "3");
    assert_nothing_left(f);
    answer = UNINSTALL(f);
    assert_fails(&answer, RJ_E_NOT_FOUND, "no install of it is recorded");
}

static void a_failed_uninstall_keeps_the_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", "#!/bin/sh\necho in use\nexit 3\n", NULL);
    answer = craft_install_now(f);
    assert_ok(&answer);
    answer = UNINSTALL(f);
    assert_fails(&answer, RJ_E_FAILED,
                 "rj_uninstall.sh ended with exit code 3; last output: in use");
    answer = DETECT(f);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    assert_false(craft_there(STATE(f, "crafts/hello/uninstalling")));
}

static void a_craft_that_cannot_be_uninstalled_is_forgotten_and_that_is_said(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, "#!/bin/sh\nexit 0\n");
    answer = craft_install_now(f);
    assert_ok(&answer);
    answer = UNINSTALL(f);
    assert_fails(&answer, RJ_E_NOT_APPLICABLE, "craft hello has no rj_uninstall.sh");
    answer = DETECT(f);
    assert_string_equal(craft_said(&answer, "installed"), "false");
    assert_nothing_left(f);
}

/* ---- Instances ------------------------------------------------------------------------------- */

static void two_instances_in_one_process_do_not_see_each_other(void **state)
{
    craft_fixture *one = *state, *two = craft_fixture_open();
    plugin_answer answer;

    write_craft(one, "#!/bin/sh\nexit 0\n", NULL, NULL);
    answer = craft_install_now(one);
    assert_ok(&answer);
    answer = DETECT(two);
    assert_string_equal(craft_said(&answer, "installed"), "false");
    answer = DETECT(one);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    craft_fixture_close(two);
}

static void without_the_grant_to_start_programs_an_install_says_so(void **state)
{
    craft_fixture *f = craft_fixture_open_without_spawn();
    plugin_answer answer;

    (void)state;
    write_craft(f, "#!/bin/sh\nexit 0\n", NULL, NULL);
    answer = craft_install_now(f);
    assert_fails(&answer, RJ_E_FAILED, "\"spawn\" is not granted by the policy");
    assert_nothing_left(f);
    craft_fixture_close(f);
}

static void a_second_install_of_the_same_craft_has_to_wait(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nsleep 0.3\n", NULL, NULL);
    craft_fetch_now(f);
    answer = craft_ask_meanwhile(f, f->table->install, f->table->install);
    assert_fails(&answer, RJ_E_BUSY, "install has to wait until install has ended");
    answer = DETECT(f);
    assert_string_equal(craft_said(&answer, "installed"), "true");
}

static void a_fetch_does_not_wait_for_an_install(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    write_craft(f, "#!/bin/sh\nsleep 0.3\n", NULL, NULL);
    craft_fetch_now(f);
    answer = craft_ask_meanwhile(f, f->table->install, f->table->fetch);
    assert_ok(&answer);
}

static void only_the_package_interface_is_offered(void **state)
{
    craft_fixture *f = *state;

    assert_null(plugin_host_table(f->host, "rj.package/2"));
    assert_null(plugin_host_table(f->host, "rj.package/1 "));
    assert_string_equal(f->table->formats(f->plugin)[0], "craft");
    assert_null(f->table->formats(f->plugin)[1]);
}

#define T(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_script_gets_its_arguments_environment_and_folder),
        T(only_a_small_record_stays_of_a_craft_without_further_scripts),
        T(a_script_marked_by_its_first_line_alone_is_started),
        T(exit_codes_194_and_105_want_a_restart),
        T(a_failing_script_is_reported_with_code_and_output),
        T(a_failed_upgrade_keeps_the_former_record),
        T(an_upgrade_takes_the_place_of_the_former_record),
        T(a_killed_script_is_a_failure_that_names_the_signal),
        T(a_hanging_script_ends_at_its_time_limit_with_all_its_processes),
        T(cancelling_stops_the_script_and_leaves_no_record),
        T(a_missing_interpreter_is_explained),
        T(an_install_without_fetch_is_refused),
        T(an_emptied_cache_is_noticed_at_install),
        T(a_cached_archive_that_was_changed_is_not_run),
        T(fetch_keeps_the_archive_under_its_hash),
        T(another_hash_than_wanted_is_refused_and_not_kept),
        T(a_sha1_is_refused_with_what_is_needed),
        T(a_wrong_location_is_named),
        T(an_archive_that_is_no_craft_is_refused),
        T(an_archive_with_names_that_leave_the_folder_is_refused),
        T(a_truncated_archive_is_refused),
        T(the_script_names_the_version_when_the_policy_does_not),
        T(a_request_with_a_mistake_is_refused),
        T(detect_without_a_record_says_not_installed),
        T(the_record_is_believed_where_there_is_no_detect_script),
        T(the_detect_script_decides_between_there_gone_and_unknown),
        T(a_damaged_record_is_neither_yes_nor_no),
        T(uninstall_runs_the_script_with_its_payload_and_removes_the_record),
        T(a_failed_uninstall_keeps_the_record),
        T(a_craft_that_cannot_be_uninstalled_is_forgotten_and_that_is_said),
        T(two_instances_in_one_process_do_not_see_each_other),
        cmocka_unit_test(without_the_grant_to_start_programs_an_install_says_so),
        T(a_second_install_of_the_same_craft_has_to_wait),
        T(a_fetch_does_not_wait_for_an_install),
        T(only_the_package_interface_is_offered),
    };

    return cmocka_run_group_tests_name("package-craft", tests, NULL, NULL);
}
