/* SPDX-License-Identifier: MIT */
/* Progress windows and notices, from the request to its result. */
#include "session/ui/jobs.h"

#include "base/alloc.h"
#include "platform/paths.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static rj_ui_jobs *jobs;

static int begin(void **state)
{
    (void)state;
    jobs = rj_ui_jobs_new(rj_texts_for("en"));
    rj_ui_jobs_begin(jobs, "c1", "install", "firefox", "Firefox");
    return jobs ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    rj_ui_jobs_free(jobs);
    return 0;
}

static void event(const char *topic, const char *quoted)
{
    char json[1024];
    snprintf(json, sizeof json, "%s", quoted);
    for (char *at = json; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *document = json_loads(json, 0, NULL);
    assert_non_null(document);
    rj_ui_jobs_event(jobs, topic, document);
    json_decref(document);
}

/* A member of the first window; NULL: no window, or no such member. */
static const char *member(const char *key)
{
    static char text[4096];
    json_t *windows = rj_ui_jobs_windows(jobs, NULL);
    const json_t *window = json_array_get(windows, 0);
    const char *value = json_string_value(json_object_get(window, key));
    snprintf(text, sizeof text, "%s", value ? value : "");
    json_decref(windows);
    return value ? text : NULL;
}

static size_t windows(void)
{
    json_t *all = rj_ui_jobs_windows(jobs, NULL);
    size_t count = json_array_size(all);
    json_decref(all);
    return count;
}

static void an_install_goes_from_waiting_to_done(void **state)
{
    (void)state;
    assert_string_equal(member("state"), "waiting");
    assert_string_equal(member("text"), "Installing Firefox\xe2\x80\xa6");
    assert_string_equal(rj_ui_jobs_cancellable(jobs, "w1"), "c1");
    assert_string_equal(member("cancel"), "cancel:w1");
    event("run", "{'correlation':'c1','state':'started'}");
    event("run", "{'correlation':'c1','state':'planned','actions':[{'name':'Runtime'},"
                 "{'name':'Firefox','version':'128'}]}");
    assert_string_equal(member("state"), "working");
    assert_non_null(strstr(member("details"), "1. Runtime"));
    event("action", "{'correlation':'c1','id':'runtime','name':'Runtime','state':'started'}");
    assert_string_equal(member("text"), "Installing dependency Runtime\xe2\x80\xa6");
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'started'}");
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'fetching'}");
    assert_non_null(member("cancel"));
    event("progress", "{'correlation':'c1','id':'firefox','permille':420,'text':'12 of 30 MB'}");
    assert_string_equal(member("status"), "12 of 30 MB");
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'installing'}");
    assert_null(member("cancel"));
    assert_null(rj_ui_jobs_cancellable(jobs, "w1"));
    event("run", "{'correlation':'c1','state':'ended','outcome':'done'}");
    assert_string_equal(member("state"), "done");
    assert_string_equal(member("status"), "Firefox is installed.");
    assert_string_equal(member("text"), "Firefox"); /* nothing goes on any more */
    json_t *notices = rj_ui_jobs_notices(jobs);
    assert_int_equal(json_array_size(notices), 1);
    json_decref(notices);
    rj_ui_jobs_close(jobs, "w1");
    assert_int_equal(windows(), 0);
}

static void a_failure_stays_and_says_what_to_do(void **state)
{
    (void)state;
    event("run", "{'correlation':'c1','state':'started'}");
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'failed',"
                    "'message':'the installer said no','exit_code':1603}");
    event("run", "{'correlation':'c1','state':'ended','outcome':'failed','message':'1 failed'}");
    assert_string_equal(member("state"), "failed");
    assert_string_equal(member("text"), "Firefox could not be installed");
    assert_string_equal(member("status"), "The installer ended with exit code 1603.");
    assert_non_null(strstr(member("details"), "the installer said no"));
    assert_non_null(strstr(member("next"), "helpdesk"));
    assert_non_null(strstr(member("copy"), "Correlation: c1"));
    event("run", "{'correlation':'c1','state':'started'}"); /* too late */
    assert_string_equal(member("state"), "failed");
}

static void a_run_that_fails_without_a_failed_action_says_that_the_details_tell(void **state)
{
    (void)state;
    event("run", "{'correlation':'c1','state':'started'}");
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'installing'}");
    event("run",
          "{'correlation':'c1','state':'ended','outcome':'failed','message':'the disk is full'}");
    assert_string_equal(member("status"), "It did not work; the details say why.");
    assert_non_null(strstr(member("details"), "the disk is full\n"));
}

/* The engine's step, status and exit code as events have them. */
static const char *cause(const char *step, const char *members)
{
    char json[512];
    end(NULL);
    begin(NULL);
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'started'}");
    snprintf(json, sizeof json, "{'correlation':'c1','id':'firefox','state':'%s'}", step);
    event("action", json);
    snprintf(json, sizeof json,
             "{'correlation':'c1','id':'firefox','state':'failed','message':'no','log':''%s}",
             members);
    event("action", json);
    event("run", "{'correlation':'c1','state':'ended','outcome':'failed','message':'1 failed'}");
    assert_string_equal(member("state"), "failed");
    return member("status");
}

static void why_a_package_failed_is_told_by_step_status_and_exit_code(void **state)
{
    static const struct {
        const char *step, *members, *told;
    } cases[] = {
        {"fetching", ",'error':'corrupt'",
         "The downloaded package is damaged or not the expected one."},
        {"fetching", ",'error':'failed'", "The package could not be downloaded."},
        {"fetching", ",'error':'not-found'",
         "The package is not where it should be downloaded from."},
        {"fetching", ",'error':'io'", "Reading or writing files failed; the disk may be full."},
        {"installing", ",'error':'io'", "Reading or writing files failed; the disk may be full."},
        {"installing", ",'error':'timeout'", "It took too long and was ended."},
        {"installing", ",'error':'cancelled'", "It was cancelled."},
        {"installing", ",'error':'denied'", "This is not allowed."},
        {"installing", ",'error':'failed','exit_code':1618",
         "Another installation is in progress (exit code 1618)."},
        {"installing", ",'error':'failed','exit_code':-7",
         "The installer ended with exit code -7."},
        {"installing", ",'error':'a-later-status'", "It did not work; the details say why."},
        {"verifying", ",'error':'abandoned'",
         "Whether it worked is not known yet; RealmJoin will look again."},
        {"verifying", "", "The installer reported success, but the result is not as expected."},
        {"verifying", ",'exit_code':3010,'restart':true",
         "The installer reported success, but the result is not as expected."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(cause(cases[i].step, cases[i].members), cases[i].told);
}

static void why_nothing_was_done_is_told_by_the_reasons_code(void **state)
{
    static const char *const cases[][3] = {
        {"nothing", "already-installed", "Firefox is installed already."},
        {"nothing", "gate", "A security requirement is not met yet."},
        {"nothing", "a-later-code", "Nothing had to be done."},
        {"failed", "not-assigned", "Firefox is not assigned to you."},
        {"failed", "mandatory", "This is not allowed for Firefox."},
        {"failed", "a-later-code", "It did not work; the details say why."}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[256];
        end(NULL);
        begin(NULL);
        snprintf(json, sizeof json,
                 "{'correlation':'c1','state':'ended','outcome':'%s','reason_code':'%s','message':'"
                 "in English'}",
                 cases[i][0], cases[i][1]);
        event("run", json);
        assert_string_equal(member("status"), cases[i][2]);
        assert_non_null(strstr(member("details"), "in English\n"));
    }
}

static void two_requests_that_are_one_for_the_service_are_one_job(void **state)
{
    (void)state;
    rj_ui_jobs_begin(jobs, "c1", "install", "firefox", "Firefox");
    assert_int_equal(windows(), 1);
    for (int i = 0; i < 20; i++)
        rj_ui_jobs_begin(jobs, "c2", "sync", NULL, NULL);
    assert_false(rj_ui_jobs_are_many(jobs));
    rj_ui_jobs_wait(jobs, "install", "firefox", "Firefox");
    event("run", "{'correlation':'c1','state':'started'}");
    rj_ui_jobs_started(jobs, "c1");
    assert_int_equal(windows(), 1);
    assert_string_equal(member("state"), "working"); /* it is not as if it waited again */
    event("run", "{'correlation':'c1','state':'ended','outcome':'done'}");
    assert_string_equal(member("state"), "done");
}

static void a_log_is_named_only_to_who_can_read_it(void **state)
{
    (void)state;
    char failed[1024], folder[256], there[300];
    assert_true(test_folder("rj-jobs", folder, sizeof folder));
    snprintf(there, sizeof there, "%s/there.log", folder);
    assert_true(test_write_file(there, "output", 6));
    const char *const logs[] = {"gone.log", "there.log"};
    for (int i = 0; i < 2; i++) {
        snprintf(failed, sizeof failed,
                 "{'correlation':'c1','id':'firefox','name':'Firefox','state':'failed',"
                 "'message':'no','exit_code':1,'log':'%s/%s'}",
                 folder, logs[i]);
        event("action", failed);
        assert_true((strstr(member("details"), "there.log") != NULL) == (i == 1));
        assert_null(strstr(member("details"), "gone.log"));
    }
    char *native = rj_path_native(there);
    assert_non_null(strstr(member("details"), native));
    rj_free(native);
    test_remove_tree(folder);
}

static void a_closed_window_stays_closed_and_its_end_is_told(void **state)
{
    (void)state;
    rj_ui_jobs_close(jobs, "w1");
    assert_int_equal(windows(), 0);
    event("run", "{'correlation':'c1','state':'ended','outcome':'done'}");
    assert_int_equal(windows(), 0);
    json_t *notices = rj_ui_jobs_notices(jobs);
    assert_string_equal(json_string_value(json_object_get(json_array_get(notices, 0), "text")),
                        "Firefox is installed.");
    json_decref(notices);
}

static void refuse(rj_status status, const char *verb, const char *name, const char *message)
{
    rj_ui_jobs_refuse(jobs, &(rj_ui_refusal){status, false, message}, verb, name);
}

static void refuse_link(rj_status status, const char *name, const char *message)
{
    rj_ui_jobs_refuse(jobs, &(rj_ui_refusal){status, true, message}, "install", name);
}

static void a_reason_is_in_the_persons_language_and_the_services_words_are_behind_it(void **state)
{
    (void)state;
    static const struct {
        rj_status status;
        bool link;
        const char *name, *german, *next;
    } cases[] = {
        {RJ_E_NOT_FOUND, false, "Tool", "Tool ist Ihnen nicht zugewiesen.", "Versuchen Sie es"},
        {RJ_E_DENIED, true, "Tool", "Das ist f\xc3\xbcr Tool nicht erlaubt.", "Es wurde nichts"},
        {RJ_E_INVALID, true, NULL, "Der Link ist nicht so geschrieben, wie er sein muss.",
         "Es wurde nichts"},
        {RJ_E_BUSY, false, "Tool",
         "Der RealmJoin-Dienst kann das im Moment nicht \xc3\xbc"
         "bernehmen.",
         "Versuchen Sie es"},
        {RJ_E_TIMEOUT, true, "Tool", "Der RealmJoin-Dienst ist nicht verf\xc3\xbcgbar.",
         "Versuchen Sie es in einer Minute"},
        {RJ_E_CORRUPT, false, "Tool",
         "Was RealmJoin auf diesem Ger\xc3\xa4t gespeichert hat, ist besch\xc3\xa4"
         "digt.",
         "Versuchen Sie es"},
    };
    rj_ui_jobs_free(jobs);
    jobs = rj_ui_jobs_new(rj_texts_for("de"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rj_ui_refusal why = {cases[i].status, cases[i].link, "what the service said"};
        rj_ui_jobs_refuse(jobs, &why, "install", cases[i].name);
        assert_string_equal(member("status"), cases[i].german);
        assert_int_equal(strncmp(member("next"), cases[i].next, strlen(cases[i].next)), 0);
        assert_string_equal(member("details"), "what the service said\n");
        assert_non_null(strstr(member("copy"), "what the service said"));
        rj_ui_jobs_close(jobs, member("id")); /* or the next link would be gathered there */
    }
    const rj_ui_refusal silent = {RJ_E_FAILED, false, ""};
    char *reason = rj_ui_refusal_reason(rj_texts_for("de"), &silent, "");
    assert_non_null(strstr(reason, "realmjoin log"));
    rj_free(reason);
}

static void no_status_is_told_in_the_services_words_alone(void **state)
{
    (void)state;
    for (rj_status status = RJ_E_FAILED; status >= RJ_E_EXISTS; status--) {
        const rj_ui_refusal why = {status, false, "what the service said"};
        char *reason = rj_ui_refusal_reason(rj_texts_for("qps-ploc"), &why, "");
        assert_non_null(reason);
        assert_int_equal(reason[0], '['); /* as everything of the catalogue in that language */
        assert_null(strstr(reason, "what the service said"));
        rj_free(reason);
    }
}

static void a_formats_step_is_in_the_persons_language(void **state)
{
    (void)state;
    rj_ui_jobs_free(jobs);
    jobs = rj_ui_jobs_new(rj_texts_for("de"));
    rj_ui_jobs_begin(jobs, "c1", "install", "firefox", "Firefox");
    event("progress", "{'correlation':'c1','id':'firefox','permille':-1,'text':'copying'}");
    assert_string_equal(member("status"), "Wird kopiert");
    assert_string_equal(member("details"), "Wird kopiert\n");
    event("progress", "{'correlation':'c1','id':'firefox','permille':1,'text':'12 of 30 MB'}");
    assert_string_equal(member("status"), "12 of 30 MB");
}

static void what_is_refused_at_once_is_a_window_too(void **state)
{
    (void)state;
    refuse_link(RJ_E_NOT_FOUND, "evil", "evil is not assigned to root");
    assert_string_equal(member("state"), "failed");
    assert_string_equal(member("text"), "This link cannot be followed");
    assert_string_equal(member("status"), "evil is not assigned to you.");
    assert_string_equal(member("details"), "evil is not assigned to root\n");
    refuse(RJ_E_NOT_STARTED, "install", "Tool", "the service is not running");
    assert_string_equal(member("text"), "Tool could not be installed");
}

/* The newest notice, "title|text". */
static const char *newest_notice(void)
{
    static char text[512];
    json_t *notices = rj_ui_jobs_notices(jobs);
    const json_t *notice = json_array_get(notices, json_array_size(notices) - 1);
    snprintf(text, sizeof text, "%s|%s", json_string_value(json_object_get(notice, "title")),
             json_string_value(json_object_get(notice, "text")));
    json_decref(notices);
    return text;
}

static void a_notices_title_says_what_was_done_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *verb, *outcome, *notice;
    } cases[] = {
        {"install", "done", "Software installed|Tool is installed."},
        {"upgrade", "done", "Software upgraded|Tool is up to date."},
        {"uninstall", "done", "Software removed|Tool was removed."},
        {"sync", "done", "Device synchronised|This device is up to date."},
        {"sync", "nothing", "Device synchronised|This device is up to date."},
        {"install", "nothing", "Nothing to do|Nothing had to be done."},
        {"install", "failed", "Installation failed|Tool could not be installed"},
        {"upgrade", "failed", "Upgrade failed|Tool could not be upgraded"},
        {"uninstall", "failed", "Removal failed|Tool could not be removed"},
        {"sync", "failed", "Synchronisation failed|This device could not be synchronised"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char ended[128];
        rj_ui_jobs_begin(jobs, "c2", cases[i].verb, "tool", "Tool");
        snprintf(ended, sizeof ended,
                 "{'correlation':'c2','state':'ended','outcome':'%s','message':'m'}",
                 cases[i].outcome);
        event("run", ended);
        assert_string_equal(newest_notice(), cases[i].notice);
    }
    refuse_link(RJ_E_NOT_FOUND, "Tool", "no");
    assert_string_equal(newest_notice(), "Link refused|This link cannot be followed");
    refuse(RJ_E_FAILED, "upgrade", "Tool", "no");
    assert_string_equal(newest_notice(), "Upgrade failed|Tool could not be upgraded");
    refuse(RJ_E_NOT_STARTED, "sync", NULL, "no");
    assert_string_equal(newest_notice(),
                        "Synchronisation failed|This device could not be synchronised");
}

static void a_wanted_restart_is_said_in_the_window_and_the_notice(void **state)
{
    (void)state;
    event("run", "{'correlation':'c1','state':'started'}");
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'done',"
                    "'exit_code':3010,'restart':true}");
    event("run", "{'correlation':'c1','state':'ended','outcome':'done'}");
    assert_string_equal(member("status"), "Firefox is installed.");
    assert_string_equal(member("next"), "Restart the computer to finish.");
    assert_string_equal(newest_notice(), "Software installed|Firefox is installed. "
                                         "Restart the computer to finish.");
}

static void a_lost_service_does_not_leave_windows_waiting(void **state)
{
    (void)state;
    assert_true(rj_ui_jobs_lost(jobs));
    assert_string_equal(member("state"), "failed");
    assert_false(rj_ui_jobs_lost(jobs));
}

static void other_peoples_work_is_not_shown(void **state)
{
    (void)state;
    event("run", "{'correlation':'c9','state':'started'}");
    event("action", "{'state':'started','name':'x'}");
    assert_int_equal(windows(), 1);
    assert_string_equal(member("state"), "waiting");
}

static void a_sync_has_no_window_and_many_jobs_have_an_end(void **state)
{
    (void)state;
    rj_ui_jobs_begin(jobs, "s", "sync", NULL, NULL);
    assert_int_equal(windows(), 1);
    event("run", "{'correlation':'s','state':'ended','outcome':'nothing','message':'m'}");
    json_t *notices = rj_ui_jobs_notices(jobs);
    assert_string_equal(json_string_value(json_object_get(json_array_get(notices, 0), "text")),
                        "This device is up to date.");
    json_decref(notices);
    for (int i = 0; i < 50; i++)
        refuse(RJ_E_FAILED, "install", "x", "no");
    assert_true(windows() <= 8);
}

static void what_waits_for_the_service_goes_on_in_the_same_window(void **state)
{
    (void)state;
    rj_ui_jobs_close(jobs, "w1");
    rj_ui_jobs_wait(jobs, "install", "tool", "Tool");
    assert_string_equal(member("text"), "Installing Tool\xe2\x80\xa6");
    assert_string_equal(member("status"), "Starting the RealmJoin service\xe2\x80\xa6");
    assert_null(member("cancel"));
    assert_true(rj_ui_jobs_lost(jobs)); /* concerns the first alone */
    rj_ui_jobs_started(jobs, "c2");
    event("run", "{'correlation':'c2','state':'started'}");
    event("run", "{'correlation':'c2','state':'ended','outcome':'done'}");
    assert_int_equal(windows(), 1);
    assert_string_equal(member("status"), "Tool is installed.");
    rj_ui_jobs_wait(jobs, "upgrade", "tool", "Tool");
    rj_ui_jobs_not_started(jobs, &(rj_ui_refusal){RJ_E_NOT_STARTED, false, "it is disabled"});
    assert_int_equal(windows(), 2);
    assert_string_equal(member("state"), "failed");
    assert_string_equal(member("status"), "The RealmJoin service is not available.");
    assert_non_null(strstr(member("details"), "it is disabled\n"));
    assert_non_null(strstr(member("next"), "restart the computer"));
    rj_ui_jobs_not_started(jobs, &(rj_ui_refusal){RJ_E_FAILED, false, "nobody waits any more"});
    assert_string_equal(member("status"), "The RealmJoin service is not available.");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, begin, end)

static void what_the_program_writes_is_in_the_details_while_it_runs(void **state)
{
    (void)state;
    event("run", "{'correlation':'c1','state':'started'}");
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'started'}");
    event("output",
          "{'correlation':'c1','id':'firefox','line':1,'text':'Unpacking\\n\\nUnpacking\\n'}");
    assert_non_null(strstr(member("details"), "\nUnpacking\n\nUnpacking\n"));
    event("output", "{'correlation':'c1','id':'firefox','line':13,'text':'Copying\\n'}");
    event("output", "{'correlation':'c1','id':'firefox','line':15,'text':'Done\\n'}");
    event("output", "{'correlation':'other','id':'firefox','line':16,'text':'of others\\n'}");
    assert_non_null(strstr(member("details"), "Unpacking\n\xe2\x80\xa6 9 lines left out\nCopying\n"
                                              "\xe2\x80\xa6 1 line left out\nDone\n"));
    assert_null(strstr(member("details"), "of others"));
    event("action", "{'correlation':'c1','id':'second','name':'Second','state':'started'}");
    event("output", "{'correlation':'c1','id':'second','line':1,'text':'Next\\n'}");
    assert_non_null(strstr(member("details"), "Installing dependency Second\xe2\x80\xa6\nNext\n"));
}

static void a_job_that_began_with_an_id_gets_its_name(void **state)
{
    (void)state;
    rj_ui_jobs_begin(jobs, "c2", "install", "tool", "tool");
    event("action", "{'correlation':'c2','id':'runtime','name':'Runtime','state':'started'}");
    event("action", "{'correlation':'c2','id':'tool','name':'R&D Tool','state':'started'}");
    event("run", "{'correlation':'c2','state':'ended','outcome':'done'}");
    assert_string_equal(member("status"), "R&D Tool is installed.");
}

static void refused_links_are_one_window_that_counts_them(void **state)
{
    (void)state;
    rj_ui_jobs_close(jobs, "w1");
    for (int i = 0; i < 14; i++) {
        char message[64];
        snprintf(message, sizeof message, "package-%d is not assigned to you", i);
        rj_ui_jobs_refuse(jobs, &(rj_ui_refusal){RJ_E_NOT_FOUND, true, message}, "install", NULL);
    }
    assert_int_equal(windows(), 1);
    assert_string_equal(member("text"), "14 links cannot be followed");
    assert_non_null(strstr(member("details"), "package-0 is not"));
    assert_non_null(strstr(member("details"), "package-13 is not"));
    json_t *notices = rj_ui_jobs_notices(jobs);
    assert_int_equal(json_array_size(notices), 1);
    json_decref(notices);
    rj_ui_jobs_refuse(jobs, &(rj_ui_refusal){RJ_E_BUSY, false, "busy"}, "install", "Tool");
    assert_int_equal(windows(), 2); /* chosen in the menu: its own */
    rj_ui_jobs_close(jobs, "w2");
    rj_ui_jobs_refuse(jobs, &(rj_ui_refusal){RJ_E_NOT_FOUND, true, "no"}, "install", NULL);
    assert_int_equal(windows(), 2);
}

static void
links_that_are_refused_while_the_person_closes_the_window_are_shown_in_another(void **state)
{
    (void)state;
    char shown[64], seen[64];
    rj_ui_jobs_close(jobs, "w1");
    refuse_link(RJ_E_NOT_FOUND, NULL, "first is not assigned to you");
    snprintf(shown, sizeof shown, "%s", member("id"));
    snprintf(seen, sizeof seen, "%s", member("close") + strlen("close:"));
    refuse_link(RJ_E_NOT_FOUND, NULL, "second is not assigned to you");
    rj_ui_jobs_close(jobs, seen);
    assert_int_equal(windows(), 1);
    assert_string_not_equal(member("id"), shown);
    assert_string_equal(member("text"), "This link cannot be followed");
    assert_non_null(strstr(member("details"), "second is not assigned to you"));
    refuse_link(RJ_E_NOT_FOUND, NULL, "third is not assigned to you");
    refuse_link(RJ_E_NOT_FOUND, NULL, "fourth is not assigned to you");
    assert_string_equal(member("text"), "3 links cannot be followed");
    snprintf(seen, sizeof seen, "%s", member("close") + strlen("close:"));
    rj_ui_jobs_close(jobs, seen);
    assert_int_equal(windows(), 0);
}

static void no_more_is_begun_than_a_person_can_follow(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        assert_false(rj_ui_jobs_are_many(jobs));
        char correlation[8];
        snprintf(correlation, sizeof correlation, "t%d", i);
        rj_ui_jobs_begin(jobs, correlation, "install", "tool", "Tool");
    }
    assert_true(rj_ui_jobs_are_many(jobs));
    event("run", "{'correlation':'c1','state':'ended','outcome':'done'}");
    assert_false(rj_ui_jobs_are_many(jobs));
}

static void details_keep_the_newest_of_much_output(void **state)
{
    (void)state;
    char text[200];
    event("action", "{'correlation':'c1','id':'firefox','name':'Firefox','state':'started'}");
    for (int i = 1; i <= 3000; i++) {
        snprintf(text, sizeof text,
                 "{'correlation':'c1','id':'firefox','line':%d,'text':'line %d of a long story of "
                 "it\\n'}",
                 i, i);
        event("output", text);
    }
    json_t *all = rj_ui_jobs_windows(jobs, NULL);
    const char *details = json_string_value(json_object_get(json_array_get(all, 0), "details"));
    assert_true(strlen(details) <= 60 * 1024 && strlen(details) > 20 * 1024);
    assert_non_null(strstr(details, "line 3000 of"));
    assert_null(strstr(details, "left out"));
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_install_goes_from_waiting_to_done),
        TEST(what_waits_for_the_service_goes_on_in_the_same_window),
        TEST(a_failure_stays_and_says_what_to_do),
        TEST(a_run_that_fails_without_a_failed_action_says_that_the_details_tell),
        TEST(why_a_package_failed_is_told_by_step_status_and_exit_code),
        TEST(why_nothing_was_done_is_told_by_the_reasons_code),
        TEST(two_requests_that_are_one_for_the_service_are_one_job),
        TEST(a_log_is_named_only_to_who_can_read_it),
        TEST(a_closed_window_stays_closed_and_its_end_is_told),
        TEST(a_reason_is_in_the_persons_language_and_the_services_words_are_behind_it),
        TEST(no_status_is_told_in_the_services_words_alone),
        TEST(a_formats_step_is_in_the_persons_language),
        TEST(what_is_refused_at_once_is_a_window_too),
        TEST(a_notices_title_says_what_was_done_or_not),
        TEST(a_wanted_restart_is_said_in_the_window_and_the_notice),
        TEST(a_lost_service_does_not_leave_windows_waiting),
        TEST(other_peoples_work_is_not_shown),
        TEST(what_the_program_writes_is_in_the_details_while_it_runs),
        TEST(a_job_that_began_with_an_id_gets_its_name),
        TEST(refused_links_are_one_window_that_counts_them),
        TEST(links_that_are_refused_while_the_person_closes_the_window_are_shown_in_another),
        TEST(no_more_is_begun_than_a_person_can_follow),
        TEST(details_keep_the_newest_of_much_output),
        TEST(a_sync_has_no_window_and_many_jobs_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
