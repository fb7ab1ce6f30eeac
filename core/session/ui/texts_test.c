/* SPDX-License-Identifier: MIT */
/* The catalogue: the same in every language, and the right text for the right person. */
#include "session/ui/texts_table.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const char *language, const char *id, const rj_text_value *values,
                        const char *expected)
{
    char *text = rj_texts_make(rj_texts_for(language), id, values);
    assert_string_equal(text, expected);
    rj_free(text);
}

static void assert_language(const char *wishes, const char *expected)
{
    assert_string_equal(rj_texts_language(rj_texts_for(wishes)), expected);
}

static void the_first_wish_that_there_is_counts(void **state)
{
    (void)state;
    assert_language("de-AT", "de");
    assert_language("DE-ch:fr", "de");
    assert_language("nl-NL:fr-CA:en", "fr");
    assert_language("nl", "en");
    assert_language("", "en");
    assert_language("C", "en");
    assert_language(NULL, "en");
    assert_language(":::pl", "pl");
    assert_language("qps-ploc", "qps-ploc");
}

/* "{a}{b}" of every argument in the text, sorted. */
static int count_argument(const char *text, const char *name)
{
    int count = 0;
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at += length)
        count++;
    return count;
}

static void every_language_has_the_same_ids_and_arguments(void **state)
{
    (void)state;
    const rj_texts *reference = &rj_text_languages[0];
    assert_int_equal(rj_text_language_count, 6);
    for (size_t l = 1; l < rj_text_language_count; l++) {
        const rj_texts *texts = &rj_text_languages[l];
        assert_int_equal(texts->count, reference->count);
        for (size_t i = 0; i < texts->count; i++) {
            const rj_text_entry *entry = &texts->entries[i];
            const char *wanted = reference->entries[i].forms[RJ_FORM_OTHER];
            assert_string_equal(entry->id, reference->entries[i].id);
            for (int f = 0; f < RJ_FORM_COUNT; f++) {
                const char *at = wanted;
                if (!entry->forms[f])
                    continue;
                assert_int_equal(count_argument(entry->forms[f], "{"), count_argument(wanted, "{"));
                while ((at = strchr(at, '{'))) {
                    char name[64];
                    snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "}") + 1, at);
                    if (!strstr(entry->forms[f], name))
                        fail_msg("%s: %s lacks %s", texts->language, entry->id, name);
                    at++;
                }
            }
        }
    }
}

static void numbers_get_the_form_of_their_language(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        int64_t count;
        const char *text;
    } cases[] = {{"en", 1, "RealmJoin: 1 install pending"},
                 {"en", 0, "RealmJoin: 0 installs pending"},
                 {"de", 2, "RealmJoin: 2 Installationen stehen aus"},
                 {"pl", 1, "RealmJoin: 1 instalacja oczekuje"},
                 {"pl", 3, "RealmJoin: 3 instalacje oczekuj\xc4\x85"},
                 {"pl", 5, "RealmJoin: 5 instalacji oczekuje"},
                 {"pl", 12, "RealmJoin: 12 instalacji oczekuje"},
                 {"pl", 22, "RealmJoin: 22 instalacje oczekuj\xc4\x85"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rj_text_value values[] = {{"count", NULL, cases[i].count}, {NULL, NULL, 0}};
        assert_text(cases[i].language, "tip.pending", values, cases[i].text);
    }
}

static void an_argument_is_never_looked_into(void **state)
{
    (void)state;
    const rj_text_value values[] = {
        {"name", "{state} 100 %s {", 0}, {"state", "x", 0}, {NULL, NULL, 0}};
    assert_text("en", "package.line", values, "{state} 100 %s { (x)");
    assert_text("en", "package.line", NULL, " ()");
    assert_text("en", "no.such-id", NULL, "no.such-id");
    assert_text("qps-ploc", "no.such-id", NULL, "no.such-id"); /* what has no brackets is found */
}

static void the_pseudo_language_brackets_everything_but_arguments(void **state)
{
    (void)state;
    const rj_text_value values[] = {{"name", "Cafe", 0}, {NULL, NULL, 0}};
    char *text = rj_texts_make(rj_texts_for("qps-ploc"), "job.install", values);
    assert_true(strncmp(text, "[!! \xc3\x8e\xc3\xb1st\xc3\xa0ll", 12) == 0);
    assert_non_null(strstr(text, "Cafe"));
    assert_string_equal(text + strlen(text) - 4, " !!]");
    rj_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_wish_that_there_is_counts),
        cmocka_unit_test(every_language_has_the_same_ids_and_arguments),
        cmocka_unit_test(numbers_get_the_form_of_their_language),
        cmocka_unit_test(an_argument_is_never_looked_into),
        cmocka_unit_test(the_pseudo_language_brackets_everything_but_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
