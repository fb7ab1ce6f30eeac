/* SPDX-License-Identifier: MIT */
#include "platform/system.h"
#include "session/cli/output.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Fixture: output into memory, as a pipe or as a terminal of a given width ------------------ */

static rj_output out;
static char *printed;
static size_t printed_size;

static int set_up(void **state)
{
    (void)state;
    FILE *stream = tmpfile();
    assert_non_null(stream);
    rj_output_init(&out, stream, false);
    return 0;
}

static const char *text(void)
{
    fflush(out.stream);
    long size = ftell(out.stream);
    rewind(out.stream);
    free(printed);
    printed = calloc(1, (size_t)size + 1);
    assert_non_null(printed);
    printed_size = fread(printed, 1, (size_t)size, out.stream);
    fseek(out.stream, 0, SEEK_END); /* between reading and writing there must be one */
    return printed;
}

static int tear_down(void **state)
{
    (void)state;
    fclose(out.stream);
    free(printed);
    printed = NULL;
    return 0;
}

/* ---- Text from outside ----------------------------------------------------------------------- */

static void what_could_steer_a_terminal_is_made_harmless(void **state)
{
    static const char *const table[] = {"\033[31mred",
                                        "title\033]0;x\007",
                                        "back\b\b\bspace",
                                        "line\rover",
                                        "two\nlines",
                                        "\xc2\x9b"
                                        "31m",
                                        "bad\xff\xfeutf8",
                                        "bidi\xe2\x80\xae"
                                        "evil",
                                        "sep\xe2\x80\xa8"
                                        "arator",
                                        "del\x7f",
                                        "iso\xe2\x81\xa6late",
                                        "tab\there"};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const unsigned char *clean = (const unsigned char *)rj_clean(&out, table[i]);
        assert_true(clean[0] != '\0');
        for (; *clean; clean++) {
            assert_true(*clean >= 0x20 && *clean != 0x7f);
            assert_false(clean[0] == 0xc2 && clean[1] >= 0x80 && clean[1] < 0xa0);
            assert_false(clean[0] == 0xe2 && clean[1] == 0x80 && clean[2] >= 0xa8 &&
                         clean[2] <= 0xae);
            assert_false(clean[0] == 0xe2 && clean[1] == 0x81 && clean[2] >= 0xa6 &&
                         clean[2] <= 0xa9);
        }
    }
}

static void ordinary_text_of_any_language_stays_as_it_is(void **state)
{
    static const char words[] = "Gr\xc3\xbc\xc3\x9f"
                                "e \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x9a\x80";
    (void)state;
    assert_string_equal(rj_clean(&out, words), words);
    assert_int_equal(rj_text_columns(words), 5 + 1 + 4 + 1 + 2);
    assert_string_equal(rj_clean(&out, NULL), "");
}

static void a_pipe_gets_no_escape_sequence(void **state)
{
    (void)state;
    assert_false(out.terminal);
    assert_false(out.colour);
    rj_say(&out, RJ_STYLE_BAD, "bad %s", "news");
    rj_progress_show(&out, "Installing x", 500, "half");
    rj_progress_clear(&out);
    assert_null(strchr(text(), '\033'));
    assert_null(strchr(text(), '\r'));
}

static void a_terminal_gets_colour(void **state)
{
    (void)state;
    out.colour = true;
    rj_say(&out, RJ_STYLE_BAD, "bad");
    assert_string_equal(text(), "\033[31mbad\033[0m");
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static rj_table *two_rows(void)
{
    rj_table *table = rj_table_new(3);
    rj_table_add(table, RJ_STYLE_NONE, "a");
    rj_table_add(table, RJ_STYLE_GOOD, "gr\xc3\xbcn");
    rj_table_add(table, RJ_STYLE_NONE, "the last column may be long");
    rj_table_add(table, RJ_STYLE_NONE, "longer");
    rj_table_add(table, RJ_STYLE_NONE, "");
    rj_table_add(table, RJ_STYLE_NONE, "x\ny");
    return table;
}

static void columns_are_aligned_by_what_is_seen_not_by_bytes(void **state)
{
    (void)state;
    rj_table_print(two_rows(), &out);
    assert_string_equal(text(), "a       gr\xc3\xbcn  the last column may be long\n"
                                "longer        x\\ny\n");
}

static void the_last_column_ends_at_the_edge_of_the_terminal(void **state)
{
    (void)state;
    out.width = 30;
    rj_table_print(two_rows(), &out);
    assert_string_equal(text(), "a       gr\xc3\xbcn  the last colu...\n"
                                "longer        x\\ny\n");
}

static void empty_cells_at_the_end_leave_no_blanks(void **state)
{
    rj_table *table = rj_table_new(2);
    (void)state;
    rj_table_add(table, RJ_STYLE_NONE, "a");
    rj_table_add(table, RJ_STYLE_NONE, "");
    rj_table_print(table, &out);
    assert_string_equal(text(), "a\n");
}

/* ---- Progress -------------------------------------------------------------------------------- */

static void without_a_terminal_progress_is_a_line_per_ten_percent(void **state)
{
    int lines = 0;
    (void)state;
    for (int permille = 0; permille <= 1000; permille += 5)
        rj_progress_show(&out, "Installing x", permille, "");
    for (const char *at = text(); (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 11);
    assert_non_null(strstr(text(), "Installing x 30 %\n"));
}

static void a_terminal_is_redrawn_at_most_four_times_a_second(void **state)
{
    int redraws = 0;
    (void)state;
    out.terminal = true;
    out.width = 80;
    uint64_t begin = rj_clock_monotonic_ms();
    while (rj_clock_monotonic_ms() - begin < 600)
        rj_progress_show(&out, "Installing x", 500, "half");
    for (const char *at = text(); (at = strchr(at, '\r')); at++)
        redraws++;
    assert_in_range(redraws, 2, 3);
}

static void progress_that_comes_too_soon_is_drawn_later(void **state)
{
    (void)state;
    out.terminal = true;
    out.width = 80;
    rj_progress_show(&out, "Installing x", 0, "started");
    rj_progress_show(&out, "Installing x", 400, "copying");
    rj_progress_show(&out, "Installing x", RJ_PROGRESS_SAME, "installing");
    assert_null(strstr(text(), "installing"));
    rj_progress_catch_up(&out);
    assert_non_null(strstr(text(), "40 %  installing"));
    size_t length = strlen(text());
    rj_progress_catch_up(&out); /* nothing new */
    rj_progress_show(&out, "Installing x", 500, "half");
    rj_progress_clear(&out);
    rj_progress_catch_up(&out); /* the bar was taken away */
    assert_null(strstr(text() + length, "half"));
}

static void a_progress_line_never_wraps(void **state)
{
    (void)state;
    out.terminal = true;
    for (out.width = 20; out.width < 120; out.width += 7) {
        rewind(out.stream);
        out.line_open = false;
        rj_progress_show(&out, "[1/2] Installing a package with quite a name 1.2.3", 330,
                         "extracting one of very many files");
        const char *line = strstr(text(), "\033[K");
        assert_non_null(line);
        size_t length = strcspn(line + 3, "\r");
        char shown[512];
        snprintf(shown, sizeof shown, "%.*s", (int)length, line + 3);
        shown[printed_size - (size_t)(line + 3 - printed)] = '\0';
        if (out.width >= 40)
            assert_true(rj_text_columns(shown) < out.width);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_could_steer_a_terminal_is_made_harmless),
        TEST(ordinary_text_of_any_language_stays_as_it_is),
        TEST(a_pipe_gets_no_escape_sequence),
        TEST(a_terminal_gets_colour),
        TEST(columns_are_aligned_by_what_is_seen_not_by_bytes),
        TEST(the_last_column_ends_at_the_edge_of_the_terminal),
        TEST(empty_cells_at_the_end_leave_no_blanks),
        TEST(without_a_terminal_progress_is_a_line_per_ten_percent),
        TEST(a_terminal_is_redrawn_at_most_four_times_a_second),
        TEST(progress_that_comes_too_soon_is_drawn_later),
        TEST(a_progress_line_never_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
