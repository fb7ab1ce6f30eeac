/* SPDX-License-Identifier: MIT */
/* The tests' surroundings: see craft_fixture_test.h. */
#include "craft_fixture_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive_hash.h"
#include "craft_system.h"
#include "test_files.h"
#include "zip_writer.h"

const char *craft_scratch = "craft-test";

/* ---- Files ----------------------------------------------------------------------------------- */

const char *craft_path(const craft_fixture *fixture, const char *format, ...)
{
    static char buffers[4][512];
    static unsigned next;
    char *buffer = buffers[next++ % 4];
    va_list arguments;
    int length = snprintf(buffer, sizeof buffers[0], "%s/", fixture->folder);

    va_start(arguments, format);
    vsnprintf(buffer + length, sizeof buffers[0] - (size_t)length, format, arguments);
    va_end(arguments);
    return buffer;
}

const char *craft_words(const char *format, ...)
{
    static char buffers[4][512];
    static unsigned next;
    char *buffer = buffers[next++ % 4];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffers[0], format, arguments);
    va_end(arguments);
    return buffer;
}

static void end_lines_alike(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++)
        if (from[0] != '\r' || from[1] != '\n')
            *to++ = *from;
    *to = '\0';
}

int craft_there(const char *path)
{
    return test_is_there(path);
}

const char *craft_text(const char *path)
{
    static char text[8192];
    char *bytes = test_file_read(path, NULL);

    snprintf(text, sizeof text, "%s", bytes ? bytes : "");
    free(bytes);
    end_lines_alike(text);
    return text;
}

unsigned craft_count(const char *folder)
{
    return test_folder_count(folder);
}

/* ---- Archives -------------------------------------------------------------------------------- */

static uint32_t unix_mode(const craft_member *member)
{
    if (member->mode)
        return 0100000 | member->mode;
    return strncmp(member->text, "#!", 2) == 0 ? 0100755 : 0100644;
}

void craft_write_archive(const craft_fixture *fixture, const char *name,
                         const craft_member *members)
{
    zip_writer *zip = zip_writer_new();
    for (; members->name; members++)
        zip_writer_add(zip, &(zip_member){.name = members->name,
                                          .bytes = members->text,
                                          .length = strlen(members->text),
                                          .unix_mode = unix_mode(members)});
    zip_writer_save(zip, NULL, craft_path(fixture, "feed/%s", name));
}

/* ---- The plugin ------------------------------------------------------------------------------ */

static void open_host(craft_fixture *fixture)
{
    fixture->host =
        plugin_host_open(rj_plugin_entry_v1, fixture->folder, craft_path(fixture, "host"), "{}");
    fixture->plugin = plugin_host_plugin(fixture->host);
    fixture->table = plugin_host_table(fixture->host, RJ_PACKAGE);
    assert_non_null(fixture->table);
}

craft_fixture *craft_fixture_open(void)
{
    craft_fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture->folder = test_folder_new(craft_scratch);
    test_folder_make(craft_path(fixture, "feed"));
    test_folder_make(craft_path(fixture, "host"));
    fixture->request = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:[ss], s:{s:s, s:s}, s:i, s:s}", "id", "hello",
        "format", "craft", "version", "1.0.0", "scope", "system", "location", "hello.zip",
        "sources", craft_path(fixture, "feed"), "args", " /Lang:de \"/Name:A B\"", "arguments",
        "/Lang:de", "/Name:A B", "environment", "RJ_PackageID", "hello", "PATH", "/usr/bin:/bin",
        "time_limit_ms", 20000, "log_path", craft_path(fixture, "hello.log"));
    assert_non_null(fixture->request);
    open_host(fixture);
    return fixture;
}

craft_fixture *craft_fixture_open_without_spawn(void)
{
    craft_fixture *fixture;

    plugin_host_refuse(RJ_HOST_SPAWN);
    fixture = craft_fixture_open();
    plugin_host_refuse(NULL);
    return fixture;
}

void craft_fixture_suspend(craft_fixture *fixture)
{
    const char *misuse = fixture->host ? plugin_host_close(fixture->host) : NULL;

    fixture->host = NULL;
    if (misuse)
        fail_msg("%s", misuse);
}

void craft_fixture_reopen(craft_fixture *fixture)
{
    craft_fixture_suspend(fixture);
    open_host(fixture);
}

void craft_fixture_close(craft_fixture *fixture)
{
    craft_fixture_suspend(fixture);
    test_folder_remove(fixture->folder);
    free(fixture->folder);
    json_decref(fixture->request);
    free(fixture);
}

typedef struct craft_call {
    craft_method method;
    char *request;
} craft_call;

static void call(rj_plugin *plugin, rj_op op, void *data)
{
    craft_call *what = data;

    what->method(plugin, what->request, op);
    /* borrowed for the call: make a plugin that keeps it notice */
    memset(what->request, '!', strlen(what->request));
}

plugin_answer craft_ask_cancelled(craft_fixture *fixture, craft_method method,
                                  int64_t cancel_after_ms)
{
    craft_call what = {method, json_dumps(fixture->request, 0)};
    plugin_answer answer =
        plugin_host_call_cancelled(fixture->host, 60000, cancel_after_ms, call, &what);

    free(what.request);
    return answer;
}

plugin_answer craft_ask(craft_fixture *fixture, craft_method method)
{
    return craft_ask_cancelled(fixture, method, -1);
}

typedef struct craft_two_calls {
    craft_fixture *fixture;
    craft_method first, second;
    plugin_answer answer;
} craft_two_calls;

static void call_two(rj_plugin *plugin, rj_op op, void *data)
{
    craft_two_calls *both = data;
    craft_call what = {both->first, json_dumps(both->fixture->request, 0)};

    call(plugin, op, &what);
    free(what.request);
    both->answer = craft_ask(both->fixture, both->second);
}

plugin_answer craft_ask_meanwhile(craft_fixture *fixture, craft_method first, craft_method second)
{
    craft_two_calls both = {.fixture = fixture, .first = first, .second = second};

    plugin_host_call(fixture->host, 60000, call_two, &both);
    return both.answer;
}

void craft_fetch_now(craft_fixture *fixture)
{
    plugin_answer answer = craft_ask(fixture, fixture->table->fetch);

    if (answer.status != RJ_OK)
        fail_msg("fetch: %s", answer.message);
    json_object_set_new(fixture->request, "fetched", json_loads(answer.result, 0, NULL));
}

plugin_answer craft_install_now(craft_fixture *fixture)
{
    craft_fetch_now(fixture);
    return craft_ask(fixture, fixture->table->install);
}

const char *craft_said(const plugin_answer *answer, const char *member)
{
    static char text[8192];
    json_t *document = answer->result ? json_loads(answer->result, 0, NULL) : NULL;
    const json_t *value = json_object_get(document, member);

    text[0] = '\0';
    if (json_is_string(value)) {
        snprintf(text, sizeof text, "%s", json_string_value(value));
    } else if (value) {
        char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        snprintf(text, sizeof text, "%s", dump);
        free(dump);
    }
    json_decref(document);
    end_lines_alike(text);
    return text;
}

/* ---- What tests of crafts say ------------------------------------------------------------------ */

/* The last one: where there are two, it is the one that tests can run. */
static const char *craft_script_name(const craft_script *script)
{
    const char *const *name = script->names;

    while (name[1])
        name++;
    return *name;
}

const char *craft_install_name(void)
{
    return craft_script_name(&craft_install_script);
}

const char *craft_uninstall_name(void)
{
    return craft_script_name(&craft_uninstall_script);
}

void craft_write(const craft_fixture *f, const char *install, const char *uninstall,
                 const char *detect)
{
    craft_member members[5] = {{craft_script_name(&craft_install_script), install, 0},
                               {"data/payload.txt", "payload", 0}};
    size_t count = 2;

    if (uninstall)
        members[count++] = (craft_member){craft_script_name(&craft_uninstall_script), uninstall, 0};
    if (detect)
        members[count++] = (craft_member){craft_script_name(&craft_detect_script), detect, 0};
    craft_write_archive(f, "hello.zip", members);
}

void craft_set_environment(const craft_fixture *f, const char *name, const char *value)
{
    json_object_set_new(json_object_get(f->request, "environment"), name, json_string(value));
}

void craft_assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

void craft_assert_fails(const plugin_answer *answer, rj_status status, const char *part)
{
    if (answer->status != status)
        fail_msg("status %d instead of %d: %s", (int)answer->status, (int)status, answer->message);
    craft_assert_has(answer->message, part);
}

void craft_assert_ok(const plugin_answer *answer)
{
    if (answer->status != RJ_OK)
        fail_msg("status %d: %s", (int)answer->status, answer->message);
}

void craft_assert_nothing_left(const craft_fixture *f)
{
    assert_int_equal(craft_count(craft_path(f, "host/state/crafts")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/work")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/old")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/trash")), 0);
}

int craft_setup(void **state)
{
    *state = craft_fixture_open();
    return 0;
}

int craft_teardown(void **state)
{
    craft_fixture_close(*state);
    return 0;
}
