/* SPDX-License-Identifier: MIT */
#include "nuget_fixture_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nuget_system.h"
#include "test_files.h"

char *fixture_path(const fixture *f, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s%s/%s", f->folder,
             strncmp(name, "lib", 3) == 0 ? NUGET_TEST_LIB : "", name);
    return path;
}

int fixture_open(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->folder = test_folder_new("nuget-test");
    test_folder_make(fixture_path(f, "feed"));
    test_folder_make(fixture_path(f, "scratch"));
    f->host = plugin_host_open(rj_plugin_entry_v1, f->folder, fixture_path(f, "scratch"), "{}");
    f->table = plugin_host_table(f->host, RJ_PACKAGE);
    *state = f;
    return f->table ? 0 : -1;
}

int fixture_close(void **state)
{
    fixture *f = *state;
    const char *misuse = plugin_host_close(f->host);
    if (misuse)
        print_message("# %s\n", misuse);
    json_decref(f->result);
    if (f->before_removal)
        f->before_removal(f);
    test_folder_remove(f->folder);
    free(f->folder);
    free(f);
    return misuse ? -1 : 0;
}

/* ---- Packages ---------------------------------------------------------------------------------- */

zip_writer *new_package(const char *id, const char *version, const char *dependencies)
{
    char text[2000];
    zip_writer *zip = zip_writer_new();
    snprintf(text, sizeof(text),
             "<package><metadata><id>%s</id><version>%s</version><authors>a</authors>"
             "<description>d</description><dependencies>%s</dependencies></metadata></package>",
             id, version, dependencies);
    zip_writer_text(zip, "_rels/.rels", "<x/>");
    zip_writer_text(zip, "[Content_Types].xml", "<x/>");
    zip_writer_text(zip, "some.nuspec", text);
    return zip;
}

void save_package(const fixture *f, zip_writer *zip, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/feed/%s", f->folder, name);
    zip_writer_save(zip, NULL, path);
}

void add_module(const fixture *f, const char *version)
{
    char name[100];
    zip_writer *zip = new_package("PSini", version, "");
    zip_writer_text(zip, "PsIni.psm1", version);
    zip_writer_text(zip, "Functions/Get-IniContent.ps1", "function");
    snprintf(name, sizeof(name), "psini.%s.nupkg", version);
    save_package(f, zip, name);
}

void add_tool(const fixture *f, const char *version, const char *install, const char *uninstall)
{
    char name[100];
    zip_writer *zip = new_package("hello", version, "<dependency id='psini' version='[2.0,3.0)'/>");
    zip_writer_text(zip, "tools/readme.txt", version);
    if (install)
        zip_writer_script(zip, nuget_install_script, install);
    if (uninstall)
        zip_writer_script(zip, nuget_uninstall_script, uninstall);
    snprintf(name, sizeof(name), "hello.%s.nupkg", version);
    save_package(f, zip, name);
}

/* ---- Calls ------------------------------------------------------------------------------------- */

void make_call(rj_plugin *plugin, rj_op op, void *data)
{
    call *c = data;
    c->method(plugin, c->request, op);
}

/* `more` is merged into the request. */
json_t *request_for(fixture *f, const char *package_id, json_t *more)
{
    json_t *request =
        json_pack("{s:s, s:s, s:s, s:s, s:[s], s:s, s:s, s:{s:s, s:s}, s:I, s:[s,s], s:s}", "id",
                  "generic-x", "format", "nuget", "package", package_id, "scope", "system",
                  "sources", fixture_path(f, "feed"), "lib_dir", fixture_path(f, "lib"), "log_path",
                  fixture_path(f, "x.log"), "environment", "PATH", "/usr/bin:/bin", "OUT",
                  fixture_path(f, "out"), "time_limit_ms", (json_int_t)20000, "arguments",
                  "/Lang:de", "a b", "args", "/Lang:de \"a b\"");
    assert_non_null(request);
    if (more) {
        json_object_update(request, more);
        json_decref(more);
    }
    return request;
}

rj_status invoke(fixture *f, void(RJ_CALL *method)(rj_plugin *plugin, const char *json, rj_op op),
                 const char *package_id, json_t *more)
{
    json_t *request = request_for(f, package_id, more);
    call c = {f, method, json_dumps(request, 0)};
    f->answer = plugin_host_call(f->host, 60000, make_call, &c);
    json_decref(f->result);
    f->result = f->answer.result ? json_loads(f->answer.result, 0, NULL) : NULL;
    free(c.request);
    json_decref(request);
    return f->answer.status;
}

const char *result_text(const fixture *f, const char *member)
{
    const char *text = json_string_value(json_object_get(f->result, member));
    return text ? text : "";
}

int is_installed(fixture *f, const char *id)
{
    assert_int_equal(invoke(f, f->table->detect, id, NULL), RJ_OK);
    return json_is_true(json_object_get(f->result, "installed"));
}

/* fetch and install; the status of the first that fails. */
rj_status install_package(fixture *f, const char *id, json_t *more)
{
    json_incref(more);
    rj_status status = invoke(f, f->table->fetch, id, more);
    json_t *again = more ? more : json_object();
    if (status == RJ_OK) {
        json_object_set(again, "fetched", f->result);
        return invoke(f, f->table->install, id, again);
    }
    json_decref(again);
    return status;
}

void expect_ok(const fixture *f, rj_status status)
{
    if (status != RJ_OK)
        fail_msg("%d: %s", (int)status, f->answer.message);
}

void expect_failure(const fixture *f, rj_status status, rj_status wanted, const char *says)
{
    if (status != wanted || !strstr(f->answer.message, says))
        fail_msg("%d '%s' instead of %d '%s'", (int)status, f->answer.message, (int)wanted, says);
}

int file_exists(const fixture *f, const char *name)
{
    return test_is_there(fixture_path(f, name));
}

char *file_content(const fixture *f, const char *name)
{
    static char text[4096];
    char *bytes = test_file_read(fixture_path(f, name), NULL);
    snprintf(text, sizeof(text), "%s", bytes ? bytes : "");
    free(bytes);
    return text;
}

/* Nothing but the named packages below lib: no temporary folder, no journal. */
void expect_lib_holds(const fixture *f, const char *wanted)
{
    char listing[1000] = "";
    size_t used = 0;
    nuget_names names = {0};
    nuget_list(fixture_path(f, "lib"), &names, NULL);
    for (size_t i = 0; i < names.count; i++)
        used += (size_t)snprintf(listing + used, sizeof(listing) - used, "%s ", names.items[i]);
    nuget_names_free(&names);
    assert_string_equal(listing, wanted);
}
