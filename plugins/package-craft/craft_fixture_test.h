/* SPDX-License-Identifier: MIT */
/*
 * For the tests of crafts: a scratch folder with a feed, archives made of texts, and the plugin in
 * its test host.
 */
#ifndef PACKAGE_CRAFT_FIXTURE_TEST_H
#define PACKAGE_CRAFT_FIXTURE_TEST_H

#include <jansson.h>
#include <realmjoin/package.h>

#include "plugin_host.h"

/* A member of an archive.  `mode` 0: 0644 for texts, 0755 for scripts ("#!"). */
typedef struct craft_member {
    const char *name;
    const char *text;
    unsigned mode;
} craft_member;

typedef struct craft_fixture {
    char *folder; /* scratch; feed/ and host/ below it */
    plugin_host *host;
    rj_plugin *plugin;
    const rj_package *table;
    json_t *request; /* of the craft "hello", to be changed by the test */
} craft_fixture;

/* What the names of scratch folders begin with, for fixtures that are opened from now on. */
extern const char *craft_scratch;

/* Fails the running test on any error. */
craft_fixture *craft_fixture_open(void);
/* The same, where the policy does not let the plugin start programs. */
craft_fixture *craft_fixture_open_without_spawn(void);
/* Close the plugin; fails the test if it misbehaved. */
void craft_fixture_suspend(craft_fixture *fixture);
/* Open it (again) on the same state. */
void craft_fixture_reopen(craft_fixture *fixture);
/* Suspend, and remove everything. */
void craft_fixture_close(craft_fixture *fixture);

/* Write <folder>/feed/<name>; members end with a NULL name. */
void craft_write_archive(const craft_fixture *fixture, const char *name,
                         const craft_member *members);
/* Formatted path below the scratch folder, in one of four rotating buffers. */
const char *craft_path(const craft_fixture *fixture, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));
/* Formatted text, in one of four rotating buffers. */
const char *craft_words(const char *format, ...) __attribute__((format(__printf__, 1, 2)));
int craft_there(const char *path);
/* The file's text in a static buffer, lines ended by "\n"; "" if it is not there. */
const char *craft_text(const char *path);
/* How many entries a folder has; 0 if it is not there. */
unsigned craft_count(const char *folder);

typedef void(RJ_CALL *craft_method)(rj_plugin *plugin, const char *request_json, rj_op op);
/* Ask with the fixture's request. */
plugin_answer craft_ask(craft_fixture *fixture, craft_method method);
plugin_answer craft_ask_cancelled(craft_fixture *fixture, craft_method method,
                                  int64_t cancel_after_ms);
/* Ask `second` while `first` is under way; the answer of the second. */
plugin_answer craft_ask_meanwhile(craft_fixture *fixture, craft_method first, craft_method second);
/* fetch, its result put into the request, install. */
plugin_answer craft_install_now(craft_fixture *fixture);
/* fetch has to work; its result goes into the request. */
void craft_fetch_now(craft_fixture *fixture);
/* The member of the answer's result as text ("true", "3", "a text"), lines ended by "\n"; "" if it is not
 * there. */
const char *craft_said(const plugin_answer *answer, const char *member);

/* What scripts are called that tests can run here. */
const char *craft_install_name(void);
const char *craft_uninstall_name(void);
/* Write hello.zip with a payload and these scripts; NULL: without. */
void craft_write(const craft_fixture *fixture, const char *install, const char *uninstall,
                 const char *detect);
void craft_set_environment(const craft_fixture *fixture, const char *name, const char *value);
void craft_assert_has(const char *text, const char *part);
void craft_assert_ok(const plugin_answer *answer);
/* This status, and `part` in the message. */
void craft_assert_fails(const plugin_answer *answer, rj_status status, const char *part);
/* No record, no work, no trash. */
void craft_assert_nothing_left(const craft_fixture *fixture);

/* For cmocka: *state is a craft_fixture. */
int craft_setup(void **state);
int craft_teardown(void **state);

#endif
