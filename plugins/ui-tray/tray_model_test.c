/* SPDX-License-Identifier: MIT */
/* What the view makes of the host's JSON. */
#include "tray_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static tray_model *read(const char *json)
{
    return tray_model_read(json, strlen(json));
}

static void a_whole_model_is_read(void **state)
{
    (void)state;
    tray_model *model =
        read("{\"revision\":7,\"title\":\"RealmJoin\",\"tooltip\":\"t\",\"icon\":\"attention\","
             "\"direction\":\"rtl\",\"words\":{\"cancel\":\"Abbrechen\"},\"menu\":["
             "{\"kind\":\"heading\",\"text\":\"H\"},{\"kind\":\"separator\"},"
             "{\"kind\":\"item\",\"text\":\"A & \\u00e4\",\"enabled\":false},"
             "{\"kind\":\"item\",\"text\":\"S\",\"items\":[{\"kind\":\"item\",\"text\":\"x\","
             "\"action\":\"package:x:install\",\"checked\":true}]}],"
             "\"progress\":[{\"id\":\"c\",\"text\":\"I\",\"state\":\"failed\",\"permille\":420,"
             "\"status\":\"s\",\"details\":\"a\\nb\",\"asked\":true,\"close\":\"close:c\"}],"
             "\"notices\":[{\"id\":\"n\",\"kind\":\"error\",\"title\":\"T\",\"text\":\"X\"}],"
             "\"open-menu\":3,\"keys\":\"debug:on\"}");
    assert_non_null(model);
    assert_int_equal(model->open_menu, 3);
    assert_string_equal(model->keys, "debug:on");
    assert_null(model->menu_closed);
    assert_int_equal(model->revision, 7);
    assert_int_equal(model->look, TRAY_ATTENTION);
    assert_true(model->right_to_left);
    assert_string_equal(model->words[TRAY_WORD_CANCEL], "Abbrechen");
    assert_string_equal(model->words[TRAY_WORD_DONE], "");
    assert_int_equal(model->item_count, 4);
    assert_int_equal(model->items[0].kind, TRAY_HEADING);
    assert_false(model->items[0].enabled);
    assert_int_equal(model->items[1].kind, TRAY_SEPARATOR);
    assert_string_equal(model->items[2].text, "A & \xc3\xa4");
    assert_false(model->items[2].enabled);
    assert_true(model->items[3].submenu);
    assert_string_equal(model->items[3].items[0].action, "package:x:install");
    assert_true(model->items[3].items[0].checked);
    assert_int_equal(model->jobs[0].state, TRAY_FAILED);
    assert_int_equal(model->jobs[0].permille, 420);
    assert_string_equal(model->jobs[0].details, "a\nb");
    assert_string_equal(model->jobs[0].close, "close:c");
    assert_null(model->jobs[0].cancel);
    assert_int_equal(model->notices[0].kind, TRAY_ERROR);
    tray_model_free(model);
}

static void what_is_no_model_is_refused_whole(void **state)
{
    (void)state;
    assert_null(read(""));
    assert_null(read("[]"));
    assert_null(read("{\"menu\":["));
    assert_null(read("{\"menu\":[{\"items\":[{\"items\":[{\"items\":[{\"items\":[{}]}]}]}]}]}"));
    tray_model *model = read("{\"menu\":7,\"progress\":[{}],\"later\":{}}");
    assert_non_null(model);
    assert_int_equal(model->item_count, 0);
    assert_string_equal(model->jobs[0].text, "");
    assert_int_equal(model->jobs[0].permille, -1);
    tray_model_free(model);
}

static void a_prompt_needs_a_choice(void **state)
{
    (void)state;
    static const char good[] =
        "{\"id\":\"p\",\"title\":\"T\",\"text\":\"X\",\"details\":[\"one\",\"two\"],\"choices\":["
        "{\"answer\":\"now\",\"text\":\"Start now\",\"default\":true},"
        "{\"answer\":\"later\",\"text\":\"Snooze\"}],\"closing\":\"later\"}";
    tray_prompt *prompt = tray_prompt_read(good, strlen(good));
    assert_non_null(prompt);
    assert_string_equal(prompt->details, "one\ntwo");
    assert_int_equal(prompt->choice_count, 2);
    assert_true(prompt->choices[0].preferred);
    assert_string_equal(prompt->closing, "later");
    tray_prompt_free(prompt);
    assert_null(tray_prompt_read("{\"id\":\"p\"}", 10));
    assert_null(tray_prompt_read("nonsense", 8));
}

static void only_pages_are_opened(void **state)
{
    (void)state;
    static const char *const good[] = {"https://x.example/a?b=1&c=%20", "HTTP://x.example",
                                       "microsoft-edge:https://x.example"};
    static const char *const bad[] = {"",
                                      "calc.exe",
                                      "file:///c:/windows/system32/calc.exe",
                                      "javascript:alert(1)",
                                      "https:///x",
                                      "https://",
                                      "https://x.example/ --evil",
                                      "https://x.example/\"",
                                      "microsoft-edge:calc.exe",
                                      "realmjoin:install:x",
                                      "\\\\server\\share\\x.exe"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(tray_is_page(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(tray_is_page(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_model_is_read),
        cmocka_unit_test(what_is_no_model_is_refused_whole),
        cmocka_unit_test(a_prompt_needs_a_choice),
        cmocka_unit_test(only_pages_are_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
