/* SPDX-License-Identifier: MIT */
#include "session/command/plugin_view.h"

#include "base/alloc.h"
#include "platform/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is printed by the last call of show(). */
static char *printed;

/* `width` 0: into a pipe. */
static const char *show(void (*view)(rj_output *out, const json_t *document), const char *text,
                        int width)
{
    static rj_output out;
    json_error_t error;
    json_t *document = json_loads(text, 0, &error);
    if (!document)
        fail_msg("the test's own document: %s", error.text);
    free(printed);
    FILE *stream = tmpfile();
    assert_non_null(stream);
    rj_output_init(&out, stream, true);
    out.width = width;
    view(&out, document);
    long size = ftell(stream);
    assert_true(size >= 0);
    rewind(stream);
    printed = calloc(1, (size_t)size + 1);
    assert_non_null(printed);
    assert_int_equal(fread(printed, 1, (size_t)size, stream), size);
    fclose(stream);
    json_decref(document);
    return printed;
}

static int tear_down(void **state)
{
    (void)state;
    free(printed);
    printed = NULL;
    return 0;
}

static void assert_holds(const char *words)
{
    if (!strstr(printed, words))
        fail_msg("\"%s\" is not in:\n%s", words, printed);
}

static void assert_order(const char *const *words)
{
    const char *at = printed;
    for (; *words; words++) {
        const char *found = strstr(at, *words);
        if (!found)
            fail_msg("\"%s\" is not there in its turn:\n%s", *words, printed);
        at = found;
    }
}

static size_t longest_line(void)
{
    size_t longest = 0, length = 0;
    for (const char *at = printed; *at; at++) {
        length = *at == '\n' ? 0 : length + 1;
        longest = length > longest ? length : longest;
    }
    return longest;
}

#define PLUGIN(ID, STATE, REASON)                                                                  \
    "{\"id\":\"" ID "\",\"version\":\"1.0.0\",\"state\":\"" STATE "\",\"reason\":\"" REASON        \
    "\",\"isolation\":\"in-process\"}"
#define WORKER(ID, STATE, MORE)                                                                    \
    "{\"id\":\"" ID "\",\"version\":\"1.0.0\",\"state\":\"ready\",\"reason\":\"\","                \
    "\"isolation\":\"worker\",\"worker\":{\"state\":\"" STATE "\",\"starts\":1" MORE "}}"
#define LONG_REASON                                                                                \
    "quarantined by the agent since 2026-11-25T18:50:43Z (file 3f2a91bc0011): 3 crashes within "   \
    "10 minutes, the last by signal 11; `realmjoin plugin quarantine bad --clear` lifts it"

/* ---- The list -------------------------------------------------------------------------------- */

static void trouble_stands_first_and_the_rest_by_name(void **state)
{
    static const char *const order[] = {
        "quarantined", "brandnew", "failed", "refused", "back-off",
        "disabled",    "noisy",    "alpha",  "zeta",    "-> realmjoin plugin info",
        NULL};
    (void)state;
    show(rj_plugin_show_list,
         "[" PLUGIN("zeta", "ready", "") "," PLUGIN(
             "alpha", "ready",
             "") ","
                 "{\"id\":\"noisy\",\"state\":\"ready\",\"isolation\":\"in-process\",\"last_"
                 "error\":\"x\"}," PLUGIN("off", "disabled", "d") "," WORKER(
                     "slow", "back-off",
                     "") "," PLUGIN("r", "refused",
                                    "r") "," PLUGIN("f", "failed",
                                                    "f") "," PLUGIN("q", "quarantined",
                                                                    "q") "," PLUGIN("n", "brandnew",
                                                                                    "") "]",
         0);
    assert_order(order);
}

static void columns_that_are_empty_for_all_are_left_out(void **state)
{
    (void)state;
    show(rj_plugin_show_list, "[" PLUGIN("alpha", "ready", "") "]", 80);
    assert_string_equal(printed, "STATE  PLUGIN  VERSION  RUNS\n"
                                 "ready  alpha   1.0.0    in-process\n");
}

static void a_worker_shows_its_process_and_what_it_uses(void **state)
{
    (void)state;
    show(
        rj_plugin_show_list,
        "[" WORKER(
            "a", "ready",
            ",\"pid\":4711,\"memory_kb\":2150,\"cpu_ms\":340,\"crashes\":2") "," WORKER("b",
                                                                                        "asleep",
                                                                                        ",\"cpu_"
                                                                                        "ms\":"
                                                                                        "15234") "]",
        80);
    assert_string_equal(printed, "STATE  PLUGIN  VERSION  RUNS    PID   MEMORY   CPU     CRASHES\n"
                                 "ready  a       1.0.0    worker  4711  2.0 MiB  0.34 s  2\n"
                                 "ready  b       1.0.0    asleep                 15 s\n");
}

static void a_reason_stands_in_the_table_where_it_fits_and_whole_below_where_not(void **state)
{
    static const char text[] = "[" PLUGIN("bad", "quarantined", LONG_REASON) "]";
    (void)state;
    show(rj_plugin_show_list, text, 0);
    assert_holds("in-process  quarantined by the agent");
    assert_holds("--clear` lifts it\n");
    for (int width = 60; width <= 120; width += 20) {
        show(rj_plugin_show_list, text, width);
        assert_holds("\nbad\n  quarantined by the agent");
        assert_in_range(longest_line(), 1, width);
        assert_null(strstr(printed, "..."));
        assert_holds(" it\n");
    }
    show(rj_plugin_show_list, "[" PLUGIN("bad", "refused", "short") "]", 80);
    assert_holds("in-process  short\n");
}

static void a_worker_that_waits_says_how_long_and_after_what(void **state)
{
    (void)state;
    show(rj_plugin_show_list,
         "[" WORKER("slow", "back-off",
                    ",\"crashes\":1,\"retry_in_ms\":8200,\"last_end\":\"killed by signal 6\"") "]",
         0);
    assert_holds("back-off  slow");
    assert_holds("waits 9 s before its next start: killed by signal 6\n");
}

static void without_plugins_it_says_so(void **state)
{
    (void)state;
    assert_string_equal(show(rj_plugin_show_list, "[]", 80), "There are no plugins.\n");
}

/* ---- One plugin ------------------------------------------------------------------------------ */

static void everything_about_a_worker_is_said_in_words(void **state)
{
    (void)state;
    show(rj_plugin_show,
         "{\"id\":\"acme\",\"version\":\"2.1.0\",\"state\":\"ready\",\"reason\":\"\","
         "\"folder\":\"acme\",\"sha256\":\"3f3f\",\"built_in\":false,"
         "\"provides\":[\"rj.check/1\",\"rj.package/1\"],\"checks\":[\"vpn\"],"
         "\"formats\":[\"acme\"],\"granted\":[\"read:/etc/acme\"],\"refused\":[\"network\"],"
         "\"ops\":1,\"misbehaved\":2,\"last_error\":\"answered late\",\"isolation\":\"worker\","
         "\"worker\":{\"state\":\"ready\",\"pid\":4711,\"memory_kb\":700,\"cpu_ms\":200000,"
         "\"starts\":3,\"crashes\":1,\"last_end\":\"killed by signal 9\",\"user\":1912345678,"
         "\"downgrades\":[\"no Landlock\",\"no seccomp\"]}}",
         80);
    assert_string_equal(
        printed,
        "acme 2.1.0  ready\n"
        "Runs        in a worker, a process of its own with a sandbox around it; third-party\n"
        "Folder      acme\n"
        "SHA-256     3f3f\n"
        "Provides    rj.check/1, rj.package/1\n"
        "Checks      vpn\n"
        "Formats     acme\n"
        "Granted     read:/etc/acme\n"
        "Refused     network\n"
        "            the policy's Plugins.acme.Grant gives what it names\n"
        "Worker      ready, pid 4711, 700 KiB of memory, 3 min of processor time, as uid "
        "1912345678\n"
        "            started 3 times since the service began, 1 crash\n"
        "Last end    killed by signal 9\n"
        "Sandbox     no Landlock\n"
        "            no seccomp\n"
        "Work        1 question unanswered\n"
        "Conduct     broke its contract 2 times since the service began\n"
        "Last error  answered late\n");
}

static void a_folder_is_written_as_the_system_writes_paths(void **state)
{
    (void)state;
    char *native = rj_path_native("/opt/realmjoin/plugins/acme");
    show(rj_plugin_show,
         "{\"id\":\"acme\",\"state\":\"ready\",\"folder\":\"/opt/realmjoin/plugins/acme\"}", 80);
    assert_non_null(strstr(printed, native));
    rj_free(native);
}

static void each_state_but_ready_says_what_to_do_next(void **state)
{
    static const struct {
        const char *plugin, *words;
    } table[] = {
        {PLUGIN("x", "quarantined", "q"), "realmjoin plugin quarantine x --clear"},
        {PLUGIN("x", "refused", "r"), "then realmjoin plugin enable x loads it again"},
        {PLUGIN("x", "failed", "f"), "realmjoin plugin enable x, or a restart"},
        {PLUGIN("x", "disabled", "d"), "What to do  realmjoin plugin enable x\n"},
        {"{\"id\":\"x\",\"state\":\"disabled\",\"disabled_by\":\"policy\"}",
         "set Plugins.x.Enabled in the policy to true, then realmjoin plugin enable x"},
        {WORKER("x", "back-off", ",\"retry_in_ms\":500"), "it is started again in 1 s"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        show(rj_plugin_show, table[i].plugin, 0);
        assert_holds("What to do");
        assert_holds(table[i].words);
    }
    show(rj_plugin_show, PLUGIN("x", "ready", ""), 0);
    assert_null(strstr(printed, "What to do"));
}

static void long_words_are_wrapped_beside_their_label(void **state)
{
    (void)state;
    show(rj_plugin_show, PLUGIN("bad", "quarantined", LONG_REASON), 80);
    assert_holds("Why         quarantined by the agent");
    assert_holds("\n            ");
    assert_in_range(longest_line(), 1, 80);
    show(rj_plugin_show, PLUGIN("bad", "quarantined", LONG_REASON), 0);
    assert_holds("--clear` lifts it\n");
}

static void hostile_text_reaches_no_terminal_and_wrong_types_break_nothing(void **state)
{
    (void)state;
    show(rj_plugin_show,
         "{\"id\":\"\\u001b[31mred\",\"state\":\"refused\",\"reason\":\"a\\nb\\u0007\","
         "\"folder\":\"/opt/\\u202ex\",\"provides\":[\"\\u001b]0;t\\u0007\",7],"
         "\"worker\":{\"state\":\"\\u001b[2J\",\"downgrades\":[3,\"\\u009b31m\"]}}",
         80);
    assert_null(strchr(printed, '\x1b'));
    assert_null(strchr(printed, '\a'));
    assert_null(strstr(printed, "\xc2\x9b"));
    assert_null(strstr(printed, "\xe2\x80\xae"));
    show(rj_plugin_show_list,
         "[7, {}, {\"id\":1,\"state\":[],\"worker\":\"w\"}, {\"id\":\"\\u001b[31m\"}]", 80);
    assert_null(strchr(printed, '\x1b'));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(trouble_stands_first_and_the_rest_by_name),
        TEST(columns_that_are_empty_for_all_are_left_out),
        TEST(a_worker_shows_its_process_and_what_it_uses),
        TEST(a_reason_stands_in_the_table_where_it_fits_and_whole_below_where_not),
        TEST(a_worker_that_waits_says_how_long_and_after_what),
        TEST(without_plugins_it_says_so),
        TEST(everything_about_a_worker_is_said_in_words),
        TEST(a_folder_is_written_as_the_system_writes_paths),
        TEST(each_state_but_ready_says_what_to_do_next),
        TEST(long_words_are_wrapped_beside_their_label),
        TEST(hostile_text_reaches_no_terminal_and_wrong_types_break_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
