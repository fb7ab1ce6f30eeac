/* SPDX-License-Identifier: MIT */
/* The plugin in a test host, with a feed and a lib folder of its own, and packages made here. */
#ifndef RJ_PACKAGE_NUGET_NUGET_FIXTURE_TEST_H
#define RJ_PACKAGE_NUGET_NUGET_FIXTURE_TEST_H

#include <realmjoin/package.h>

#include <jansson.h>

#include "plugin_host.h"
#include "zip_writer.h"

/* Where "lib" is below the folder: the agent's own place, which the grant "packages" opens. */
#define NUGET_TEST_LIB "/var/lib/realmjoin/chocolatey"

typedef struct fixture {
    char *folder;                              /* with feed/ and scratch/; stands for "/" */
    void (*before_removal)(struct fixture *f); /* for what a test has put there; may be NULL */
    plugin_host *host;
    const rj_package *table;
    plugin_answer answer;
    json_t *result; /* of the last call */
} fixture;

typedef struct call {
    fixture *f;
    void(RJ_CALL *method)(rj_plugin *plugin, const char *request_json, rj_op op);
    char *request;
} call;

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

char *fixture_path(const fixture *f, const char *name);
int fixture_open(void **state);
int fixture_close(void **state);
zip_writer *new_package(const char *id, const char *version, const char *dependencies);
void save_package(const fixture *f, zip_writer *zip, const char *name);
void add_module(const fixture *f, const char *version);
void add_tool(const fixture *f, const char *version, const char *install, const char *uninstall);
void make_call(rj_plugin *plugin, rj_op op, void *data);
json_t *request_for(fixture *f, const char *package_id, json_t *more);
rj_status invoke(fixture *f, void(RJ_CALL *method)(rj_plugin *plugin, const char *json, rj_op op),
                 const char *package_id, json_t *more);
const char *result_text(const fixture *f, const char *member);
int is_installed(fixture *f, const char *id);
rj_status install_package(fixture *f, const char *id, json_t *more);
void expect_ok(const fixture *f, rj_status status);
void expect_failure(const fixture *f, rj_status status, rj_status wanted, const char *says);
int file_exists(const fixture *f, const char *name);
char *file_content(const fixture *f, const char *name);
void expect_lib_holds(const fixture *f, const char *wanted);

#endif
