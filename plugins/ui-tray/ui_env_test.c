/* SPDX-License-Identifier: MIT */
/* Scale, colours and motion of any desktop. */
#include "ui_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void lengths_grow_with_the_scale(void **state)
{
    (void)state;
    static const int scales[][3] = {{96, 16, 16}, {120, 16, 20}, {144, 15, 23}, {288, 16, 48}};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        ui_env env = {.dpi = scales[i][0]};
        assert_int_equal(ui_env_scale(&env, scales[i][1]), scales[i][2]);
    }
}

static void a_scale_that_no_screen_has_is_none(void **state)
{
    (void)state;
    static const int good[] = {96, 120, 480, 960}, bad[] = {0, 1, -96, 65535};
    for (size_t i = 0; i < 4; i++) {
        assert_true(ui_env_is_dpi(good[i]));
        assert_false(ui_env_is_dpi(bad[i]));
    }
}

static void dark_windows_have_own_colours(void **state)
{
    (void)state;
    ui_env env = {.dark = true};
    ui_colours colours = ui_env_colours(&env);
    assert_false(colours.system);
    assert_int_not_equal(colours.back, colours.text);
}

static void high_contrast_beats_dark(void **state)
{
    (void)state;
    ui_env env = {.dark = true, .high_contrast = true};
    assert_true(ui_env_colours(&env).system);
    env.dark = false;
    assert_true(ui_env_colours(&env).system);
}

static void without_animation_nothing_moves(void **state)
{
    (void)state;
    ui_env env = {.animation = false};
    assert_false(ui_env_may_move(&env));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_grow_with_the_scale),
        cmocka_unit_test(a_scale_that_no_screen_has_is_none),
        cmocka_unit_test(dark_windows_have_own_colours),
        cmocka_unit_test(high_contrast_beats_dark),
        cmocka_unit_test(without_animation_nothing_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
