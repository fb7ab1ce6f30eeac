/* SPDX-License-Identifier: MIT */
/* A made-up system for the check plugins; see check_fixture.h. */
#include "check_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <realmjoin/check.h>

#define DEADLINE_MS 10000

/* ---- The made-up system ---------------------------------------------------------------------- */

static void make_folder(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        fail_msg("cannot make the folder %s: %s", path, strerror(errno));
}

void check_fixture_make(check_fixture *fixture)
{
    snprintf(fixture->base, sizeof fixture->base, "/tmp/check_fixture.XXXXXX");
    if (!mkdtemp(fixture->base))
        fail_msg("cannot make a folder below /tmp: %s", strerror(errno));
    snprintf(fixture->root, sizeof fixture->root, "%s/root", fixture->base);
    snprintf(fixture->scratch, sizeof fixture->scratch, "%s/scratch", fixture->base);
    umask(022);
    make_folder(fixture->root);
    make_folder(fixture->scratch);
    /* other accounts get in, and make their folders */
    if (chmod(fixture->base, 0755) != 0 || chmod(fixture->scratch, 0777) != 0)
        fail_msg("cannot open %s: %s", fixture->base, strerror(errno));
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

void check_fixture_remove(check_fixture *fixture)
{
    if (nftw(fixture->base, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fail_msg("cannot remove %s: %s", fixture->base, strerror(errno));
}

void check_fixture_path(const check_fixture *fixture, const char *path, char *ret_path, size_t size)
{
    if (snprintf(ret_path, size, "%s%s", fixture->root, path) >= (int)size)
        fail_msg("too long: %s", path);
}

/* The path as the test sees it, with the folders above it. */
static void prepare(const check_fixture *fixture, const char *path, char *ret_path, size_t size)
{
    check_fixture_path(fixture, path, ret_path, size);
    for (char *slash = ret_path + strlen(fixture->root) + 1; (slash = strchr(slash, '/'));
         slash++) {
        *slash = '\0';
        make_folder(ret_path);
        *slash = '/';
    }
}

void check_fixture_bytes(const check_fixture *fixture, const char *path, const void *bytes,
                         size_t length)
{
    char real[512];
    FILE *file;

    prepare(fixture, path, real, sizeof real);
    file = fopen(real, "wb");
    if (!file)
        fail_msg("cannot write %s: %s", real, strerror(errno));
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

void check_fixture_text(const check_fixture *fixture, const char *path, const char *text)
{
    check_fixture_bytes(fixture, path, text, strlen(text));
}

void check_fixture_folder(const check_fixture *fixture, const char *path)
{
    char real[512];

    prepare(fixture, path, real, sizeof real);
    make_folder(real);
}

void check_fixture_link(const check_fixture *fixture, const char *path, const char *target)
{
    char real[512];

    prepare(fixture, path, real, sizeof real);
    if (symlink(target, real) != 0)
        fail_msg("cannot link %s: %s", real, strerror(errno));
}

void check_fixture_fifo(const check_fixture *fixture, const char *path)
{
    char real[512];

    prepare(fixture, path, real, sizeof real);
    if (mkfifo(real, 0644) != 0)
        fail_msg("cannot make the FIFO %s: %s", real, strerror(errno));
}

void check_fixture_huge(const check_fixture *fixture, const char *path, long long size)
{
    char real[512];

    check_fixture_text(fixture, path, "");
    check_fixture_path(fixture, path, real, sizeof real);
    if (truncate(real, (off_t)size) != 0)
        fail_msg("cannot grow %s: %s", real, strerror(errno));
}

/* ---- Running the check ----------------------------------------------------------------------- */

static const char *member(const json_t *object, const char *name, bool may_be_empty)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (!text || (!may_be_empty && !*text) || strlen(text) > 400)
        fail_msg("\"%s\" is missing, empty or too long", name);
    return text;
}

void check_fixture_assert_document(const char *json)
{
    json_t *document = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    const json_t *entries = json_object_get(document, "evidence");
    const json_t *entry;
    const char *state;
    size_t i;

    if (!json_is_object(document) || !json_is_array(entries))
        fail_msg("not a result of a check: %s", json);
    state = member(document, "state", false);
    if (strcmp(state, "ok") != 0 && strcmp(state, "not-met") != 0 &&
        strcmp(state, "unknown") != 0 && strcmp(state, "not-applicable") != 0)
        fail_msg("no such state: %s", state);
    member(document, "summary", false);
    if (json_object_get(document, "remedy")) {
        member(document, "remedy", false);
        assert_string_equal(state, "not-met");
    }
    assert_int_equal(json_object_size(document), json_object_get(document, "remedy") ? 4 : 3);
    assert_true(json_array_size(entries) >= 1 && json_array_size(entries) <= 65);
    json_array_foreach(entries, i, entry)
    {
        member(entry, "source", false);
        member(entry, "found", true);
        member(entry, "means", false);
        assert_int_equal(json_object_size(entry), 3);
    }
    json_decref(document);
}

typedef struct request {
    plugin_host *host;
    const char *check_id;
} request;

static void call_evaluate(rj_plugin *plugin, rj_op op, void *data)
{
    const request *wanted = data;
    const rj_check *table = plugin_host_table(wanted->host, RJ_CHECK);

    assert_non_null(table);
    assert_non_null(table->ids(plugin)[0]);
    assert_null(table->ids(plugin)[1]);
    table->evaluate(plugin, wanted->check_id, op);
}

static void assert_behaved(plugin_host *host)
{
    const char *misuse = plugin_host_close(host);

    if (misuse)
        fail_msg("the plugin broke the contract: %s", misuse);
}

char *check_fixture_run(const char *root, const check_fixture *fixture, const char *check_id,
                        const char *settings_json)
{
    plugin_host *host = plugin_host_open(rj_plugin_entry_v1, root, fixture->scratch, settings_json);
    request wanted = {host, check_id};
    plugin_answer answer = plugin_host_call(host, DEADLINE_MS, call_evaluate, &wanted);
    char *document;

    if (answer.status)
        fail_msg("the check failed with %d: %s", (int)answer.status, answer.message);
    assert_non_null(answer.result);
    document = strdup(answer.result);
    assert_non_null(document);
    assert_behaved(host);
    check_fixture_assert_document(document);
    return document;
}

void check_fixture_expect(const check_fixture *fixture, const char *check_id,
                          const char *settings_json, const char *state, const char *words)
{
    char *document = check_fixture_run(fixture->root, fixture, check_id, settings_json);
    char start[64];

    snprintf(start, sizeof start, "{\"state\":\"%s\"", state);
    if (strncmp(document, start, strlen(start)) != 0)
        fail_msg("expected the state %s: %s", state, document);
    if (words && !strstr(document, words))
        fail_msg("expected \"%s\": %s", words, document);
    free(document);
}

void check_fixture_expect_refused(const check_fixture *fixture, const char *check_id,
                                  const char *settings_json, const char *path)
{
    char real[512], *document;

    check_fixture_path(fixture, path, real, sizeof real);
    if (chmod(real, 0) != 0)
        fail_msg("cannot change the rights of %s: %s", real, strerror(errno));
    plugin_host_without_root(true);
    document = check_fixture_run(fixture->root, fixture, check_id, settings_json);
    plugin_host_without_root(false);
    assert_int_equal(chmod(real, 0755), 0);
    if (!strstr(document, "\"state\":\"unknown\"") || !strstr(document, path) ||
        !strstr(document, "permission denied"))
        fail_msg("expected unknown because %s is refused: %s", path, document);
    free(document);
}

void check_fixture_expect_error(const check_fixture *fixture, const char *check_id,
                                const char *settings_json, rj_status status, const char *words)
{
    plugin_host *host =
        plugin_host_open(rj_plugin_entry_v1, fixture->root, fixture->scratch, settings_json);
    request wanted = {host, check_id};
    plugin_answer answer = plugin_host_call(host, DEADLINE_MS, call_evaluate, &wanted);

    assert_int_equal(answer.status, status);
    if (!strstr(answer.message, words))
        fail_msg("expected \"%s\": %s", words, answer.message);
    assert_null(answer.result);
    assert_behaved(host);
}

/* ---- What holds for every check plugin ------------------------------------------------------- */

void an_unknown_check_id_is_not_found(void **state)
{
    check_fixture fixture;

    (void)state;
    check_fixture_make(&fixture);
    check_fixture_expect_error(&fixture, "no-such-check", "{}", RJ_E_NOT_FOUND, "no-such-check");
    check_fixture_remove(&fixture);
}

void an_unknown_interface_is_not_offered(void **state)
{
    check_fixture fixture;
    plugin_host *host;

    (void)state;
    check_fixture_make(&fixture);
    host = plugin_host_open(rj_plugin_entry_v1, fixture.root, fixture.scratch, "{}");
    assert_null(plugin_host_table(host, "rj.package/1"));
    assert_null(plugin_host_table(host, "rj.check/2"));
    assert_non_null(plugin_host_table(host, RJ_CHECK));
    assert_behaved(host);
    check_fixture_remove(&fixture);
}

void two_instances_answer_side_by_side(void **state)
{
    check_fixture fixtures[2];
    plugin_host *hosts[2];

    for (size_t i = 0; i < 2; i++) {
        check_fixture_make(&fixtures[i]);
        hosts[i] =
            plugin_host_open(rj_plugin_entry_v1, fixtures[i].root, fixtures[i].scratch, "{}");
    }
    assert_ptr_not_equal(plugin_host_plugin(hosts[0]), plugin_host_plugin(hosts[1]));
    for (size_t i = 0; i < 2; i++) {
        request wanted = {hosts[i], *state};
        plugin_answer answer = plugin_host_call(hosts[i], DEADLINE_MS, call_evaluate, &wanted);

        assert_int_equal(answer.status, RJ_OK);
        check_fixture_assert_document(answer.result);
        /* the other one must not mind that this one is gone */
        assert_behaved(hosts[i]);
        check_fixture_remove(&fixtures[i]);
    }
}

void a_deadline_that_has_passed_is_a_timeout(void **state)
{
    check_fixture fixture;
    plugin_answer answer;
    request wanted;

    check_fixture_make(&fixture);
    wanted.host = plugin_host_open(rj_plugin_entry_v1, fixture.root, fixture.scratch, "{}");
    wanted.check_id = *state;
    answer = plugin_host_call(wanted.host, 0, call_evaluate, &wanted);
    /* a worker is not started for it */
    assert_int_equal(answer.status, plugin_host_in_worker() ? RJ_E_NOT_STARTED : RJ_E_TIMEOUT);
    assert_true(answer.message[0] != '\0');
    assert_null(answer.result);
    assert_behaved(wanted.host);
    check_fixture_remove(&fixture);
}

void an_empty_system_is_unknown_not_ok(void **state)
{
    check_fixture fixture;

    check_fixture_make(&fixture);
    check_fixture_expect(&fixture, *state, "{}", "unknown", NULL);
    check_fixture_remove(&fixture);
}

void this_machine_gets_a_valid_answer_in_time(void **state)
{
    check_fixture fixture;
    time_t started = time(NULL);
    char *document;

    check_fixture_make(&fixture);
    document = check_fixture_run("", &fixture, *state, "{}");
    assert_true(time(NULL) - started < 5);
    print_message("# %.300s\n", document); /* cmocka cuts long lines with their end */
    free(document);
    check_fixture_remove(&fixture);
}
