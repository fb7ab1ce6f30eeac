/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/json.h"
#include "ipc/sessions.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ALICE = 1000, BOB = 1001 };

/* ---- Fixture: a session whose socket is a list of the lines it was sent ----------------------- */

typedef struct peer {
    rj_session *session;
    json_t *sent; /* params of every message, in order */
    bool broken;  /* the next send finds the connection lost */
    bool dropped;
} peer;

typedef struct asked {
    int answers;
    rj_status status;
    char message[128];
    int result_n;
    int permille;
    char wrote[64];
    uint64_t line;
    bool on_same_turn;
} asked;

static rj_loop *loop;
static rj_sessions *sessions;
static rj_user_performer users;
static int came, went;
static bool asking;

static void on_changed(void *data, rj_uid uid, bool present)
{
    (void)data;
    (void)uid;
    came += present;
    went += !present;
}

static bool send_line(void *data, const char *bytes, size_t length)
{
    peer *self = data;
    rj_json_limits limits = {1u << 20, 32, false};
    json_t *message = NULL;
    rj_alloc_fail_from(0); /* the socket is not what fails here */
    if (self->broken) {
        rj_session_close(self->session, false);
        self->session = NULL;
        return false;
    }
    assert_int_equal(bytes[length - 1], '\n');
    assert_int_equal(rj_json_parse("sent", bytes, length, &limits, &message, NULL), RJ_OK);
    json_array_append_new(self->sent, message);
    return true;
}

static void drop(void *data, const char *why)
{
    peer *self = data;
    (void)why;
    self->dropped = true;
    rj_session_close(self->session, false);
    self->session = NULL;
}

static void open_peer(peer *self, rj_uid uid)
{
    *self = (peer){.sent = json_array()};
    rj_session_link link = {.send = send_line, .drop = drop, .data = self};
    assert_int_equal(rj_session_open(sessions, uid, &link, &self->session, NULL), RJ_OK);
}

static void close_peer(peer *self, bool heard_all)
{
    if (self->session)
        rj_session_close(self->session, heard_all);
    self->session = NULL;
    json_decref(self->sent);
    self->sent = NULL;
}

static json_int_t sent_number(const peer *self, size_t at)
{
    const json_t *params = json_object_get(json_array_get(self->sent, at), "params");
    return json_integer_value(json_object_get(params, "question"));
}

static const char *sent_method(const peer *self, size_t at)
{
    return json_string_value(json_object_get(json_array_get(self->sent, at), "method"));
}

static void on_answered(void *data, const rj_answer *answer)
{
    asked *self = data;
    self->answers++;
    self->status = answer->status;
    snprintf(self->message, sizeof self->message, "%s", answer->message);
    self->result_n = (int)json_integer_value(json_object_get(answer->result, "n"));
    self->on_same_turn = asking;
}

static void on_progressed(void *data, int permille, const char *text)
{
    asked *self = data;
    (void)text;
    self->permille = permille;
}

static void on_wrote(void *data, uint64_t line, const char *bytes, size_t length)
{
    asked *self = data;
    self->line = line;
    snprintf(self->wrote, sizeof self->wrote, "%.*s", (int)length, bytes);
}

static rj_question_id ask(rj_uid uid, asked *self, int64_t deadline_ms)
{
    json_t *request = json_pack("{s:s, s:s}", "id", "pkg", "scope", "user");
    rj_question question = {.correlation = "0123456789abcdef",
                            .deadline_ms = deadline_ms,
                            .answered = on_answered,
                            .progressed = on_progressed,
                            .wrote = on_wrote,
                            .data = self};
    *self = (asked){.permille = -2};
    asking = true;
    rj_question_id id = users.package(users.data, uid, RJ_PACKAGE_INSTALL, request, &question);
    asking = false;
    json_decref(request);
    return id;
}

static rj_status answer(peer *self, json_int_t number, const char *status, int n)
{
    json_t *params = json_pack("{s:I, s:s, s:s, s:{s:i}}", "question", number, "status", status,
                               "message", "said", "result", "n", n);
    rj_status result = rj_session_answer(self->session, params, NULL);
    json_decref(params);
    return result;
}

static rj_status begin(peer *self, json_int_t number, int permille)
{
    json_t *params = json_pack("{s:I, s:i}", "question", number, "permille", permille);
    rj_status result = rj_session_progress(self->session, params, NULL);
    json_decref(params);
    return result;
}

static rj_status write_out(peer *self, json_int_t number, json_int_t line, const char *text)
{
    json_t *params = json_pack("{s:I, s:I, s:s*}", "question", number, "line", line, "text", text);
    rj_status result = rj_session_output(self->session, params, NULL);
    json_decref(params);
    return result;
}

static void turn(void)
{
    rj_loop_turn(loop, 0);
    rj_loop_turn(loop, 0);
}

static int set_up(void **state)
{
    (void)state;
    came = went = 0;
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    assert_int_equal(rj_sessions_new(loop, on_changed, NULL, &sessions, NULL), RJ_OK);
    users = rj_sessions_performer(sessions);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    turn();
    rj_loop_free(loop);
    rj_sessions_free(sessions);
    return 0;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void without_a_session_a_question_is_answered_not_started_on_a_later_turn(void **state)
{
    asked one;
    (void)state;
    assert_int_not_equal(ask(ALICE, &one, 1000), 0);
    assert_int_equal(one.answers, 0);
    turn();
    assert_int_equal(one.answers, 1);
    assert_int_equal(one.status, RJ_E_NOT_STARTED);
}

static void a_session_gets_the_question_and_its_answer_goes_back_once(void **state)
{
    peer alice;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    ask(ALICE, &one, 1000);
    assert_int_equal(json_array_size(alice.sent), 1);
    assert_string_equal(sent_method(&alice, 0), "session.perform");
    const json_t *params = json_object_get(json_array_get(alice.sent, 0), "params");
    assert_string_equal(json_string_value(json_object_get(params, "verb")), "install");
    assert_int_equal(begin(&alice, sent_number(&alice, 0), 420), RJ_OK);
    assert_int_equal(one.permille, 420);
    assert_int_equal(answer(&alice, sent_number(&alice, 0), "ok", 7), RJ_OK);
    assert_int_equal(one.answers, 1);
    assert_int_equal(one.status, RJ_OK);
    assert_int_equal(one.result_n, 7);
    assert_int_equal(answer(&alice, sent_number(&alice, 0), "ok", 8), RJ_E_NOT_FOUND);
    assert_int_equal(one.answers, 1);
    close_peer(&alice, true);
}

static void what_a_program_wrote_goes_to_the_asker_of_a_question_that_was_begun(void **state)
{
    peer alice, bob;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    open_peer(&bob, BOB);
    ask(ALICE, &one, 1000);
    json_int_t number = sent_number(&alice, 0);
    assert_int_equal(write_out(&alice, number, 1, "too early\n"), RJ_E_INVALID);
    begin(&alice, number, 0);
    assert_int_equal(write_out(&bob, number, 1, "of another\n"), RJ_E_NOT_FOUND);
    assert_int_equal(write_out(&alice, number, -1, "x\n"), RJ_E_INVALID);
    assert_int_equal(write_out(&alice, number, 1, NULL), RJ_E_INVALID);
    assert_string_equal(one.wrote, "");
    assert_int_equal(write_out(&alice, number, 7, "Unpacking\n"), RJ_OK);
    assert_string_equal(one.wrote, "Unpacking\n");
    assert_int_equal(one.line, 7);
    close_peer(&bob, true);
    close_peer(&alice, true);
    turn(); /* it is answered: abandoned */
}

static void a_question_goes_to_the_session_of_its_user_only(void **state)
{
    peer alice, bob;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    open_peer(&bob, BOB);
    ask(ALICE, &one, 1000);
    assert_int_equal(json_array_size(bob.sent), 0);
    assert_int_equal(answer(&bob, sent_number(&alice, 0), "ok", 1), RJ_E_NOT_FOUND);
    assert_int_equal(one.answers, 0);
    close_peer(&alice, true);
    close_peer(&bob, true);
    turn();
    assert_int_equal(one.answers, 1);
}

static void a_session_lost_before_it_began_counts_as_not_started(void **state)
{
    peer alice;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    ask(ALICE, &one, 1000);
    close_peer(&alice, true);
    turn();
    assert_int_equal(one.status, RJ_E_NOT_STARTED);
    assert_int_equal(one.answers, 1);
}

static void a_session_lost_after_it_began_counts_as_abandoned(void **state)
{
    peer alice;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    ask(ALICE, &one, 1000);
    begin(&alice, sent_number(&alice, 0), 0);
    close_peer(&alice, true);
    turn();
    assert_int_equal(one.status, RJ_E_ABANDONED);
    assert_int_equal(one.answers, 1);
}

static void a_session_cut_off_with_words_unread_may_have_begun(void **state)
{
    peer alice;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    ask(ALICE, &one, 1000);
    close_peer(&alice, false);
    turn();
    assert_int_equal(one.status, RJ_E_ABANDONED);
}

static void a_connection_found_lost_while_asking_answers_later_not_inside(void **state)
{
    peer alice;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    alice.broken = true;
    ask(ALICE, &one, 1000);
    assert_int_equal(one.answers, 0);
    turn();
    assert_int_equal(one.answers, 1);
    assert_false(one.on_same_turn);
    assert_int_equal(went, 1);
    close_peer(&alice, true);
}

static void many_questions_are_sent_a_few_at_a_time_and_in_order(void **state)
{
    enum { MANY = 100 };
    static asked all[MANY];
    peer alice;
    (void)state;
    open_peer(&alice, ALICE);
    for (int i = 0; i < MANY; i++)
        ask(ALICE, &all[i], 1000);
    assert_true(json_array_size(alice.sent) <= 8);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(json_array_size(alice.sent) > i);
        assert_int_equal(answer(&alice, sent_number(&alice, i), "ok", (int)i), RJ_OK);
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(all[i].answers, 1);
        assert_int_equal(all[i].result_n, i);
    }
    close_peer(&alice, true);
}

static void the_newest_session_works_and_an_older_one_takes_over(void **state)
{
    peer old, new;
    asked one, two;
    (void)state;
    open_peer(&old, ALICE);
    open_peer(&new, ALICE);
    assert_int_equal(came, 1);
    ask(ALICE, &one, 1000);
    assert_int_equal(json_array_size(new.sent), 1);
    close_peer(&new, true);
    turn();
    assert_int_equal(went, 0);
    ask(ALICE, &two, 1000);
    assert_int_equal(json_array_size(old.sent), 1);
    close_peer(&old, true);
    turn();
    assert_int_equal(went, 1);
    assert_int_equal(one.answers + two.answers, 2);
}

static void the_users_with_sessions_are_listed_once_each(void **state)
{
    peer a, b, c;
    rj_uid uids[8];
    (void)state;
    open_peer(&a, ALICE);
    open_peer(&b, BOB);
    open_peer(&c, ALICE);
    assert_int_equal(users.sessions(users.data, uids, 8), 2);
    assert_int_equal(users.sessions(users.data, uids, 1), 1);
    close_peer(&a, true);
    close_peer(&b, true);
    close_peer(&c, true);
    assert_int_equal(users.sessions(users.data, uids, 8), 0);
}

static void cancelling_what_waits_answers_it_and_what_was_sent_is_told(void **state)
{
    static asked all[12];
    rj_question_id ids[12];
    peer alice;
    (void)state;
    open_peer(&alice, ALICE);
    for (int i = 0; i < 12; i++)
        ids[i] = ask(ALICE, &all[i], 1000);
    size_t sent = json_array_size(alice.sent);
    users.cancel(users.data, ids[11]);
    turn();
    assert_int_equal(all[11].status, RJ_E_CANCELLED);
    users.cancel(users.data, ids[0]);
    users.cancel(users.data, ids[0]);
    users.cancel(users.data, 999999);
    assert_int_equal(json_array_size(alice.sent), sent + 1);
    assert_string_equal(sent_method(&alice, sent), "session.cancel");
    assert_int_equal(all[0].answers, 0);
    assert_int_equal(answer(&alice, sent_number(&alice, 0), "cancelled", 0), RJ_OK);
    assert_int_equal(all[0].status, RJ_E_CANCELLED);
    close_peer(&alice, true);
    turn();
    for (int i = 0; i < 12; i++)
        assert_int_equal(all[i].answers, 1);
}

static void a_failure_without_words_gets_some_and_an_unknown_status_is_a_failure(void **state)
{
    peer alice;
    asked one, two;
    (void)state;
    open_peer(&alice, ALICE);
    ask(ALICE, &one, 1000);
    ask(ALICE, &two, 1000);
    json_t *params =
        json_pack("{s:I, s:s}", "question", sent_number(&alice, 0), "status", "failed");
    assert_int_equal(rj_session_answer(alice.session, params, NULL), RJ_OK);
    json_decref(params);
    assert_int_equal(one.status, RJ_E_FAILED);
    assert_true(one.message[0]);
    assert_int_equal(answer(&alice, sent_number(&alice, 1), "splendid", 1), RJ_OK);
    assert_int_equal(two.status, RJ_E_FAILED);
    close_peer(&alice, true);
}

static void an_answer_of_wrong_shape_is_refused_and_the_question_stays_open(void **state)
{
    peer alice;
    asked one;
    (void)state;
    open_peer(&alice, ALICE);
    ask(ALICE, &one, 1000);
    json_int_t n = sent_number(&alice, 0);
    json_t *bad[] = {json_pack("{s:I, s:i}", "question", n, "status", 5),
                     json_pack("{s:I}", "question", n),
                     json_pack("{s:I, s:s, s:i}", "question", n, "status", "ok", "message", 1),
                     json_pack("{s:I, s:s, s:s}", "question", n, "status", "ok", "result", "x")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(rj_session_answer(alice.session, bad[i], NULL), RJ_E_INVALID);
        json_decref(bad[i]);
    }
    assert_int_equal(rj_session_answer(alice.session, NULL, NULL), RJ_E_NOT_FOUND);
    assert_int_equal(one.answers, 0);
    assert_int_equal(answer(&alice, n, "ok", 3), RJ_OK);
    assert_int_equal(one.answers, 1);
    close_peer(&alice, true);
}

static void out_of_memory_while_asking_is_still_answered_once_and_later(void **state)
{
    peer alice;
    (void)state;
    rj_json_use_base_alloc();
    open_peer(&alice, ALICE);
    json_t *request = json_pack("{s:s, s:s}", "id", "pkg", "scope", "user");
    for (uint64_t nth = 1; nth < 12; nth++) {
        asked one = {0};
        rj_question question = {.deadline_ms = 1000, .answered = on_answered, .data = &one};
        size_t before = json_array_size(alice.sent);
        asking = true;
        alice.broken = false;
        rj_alloc_fail_from(nth);
        users.package(users.data, ALICE, RJ_PACKAGE_DETECT, request, &question);
        rj_alloc_fail_from(0);
        asking = false;
        turn();
        if (json_array_size(alice.sent) > before)
            answer(&alice, sent_number(&alice, before), "ok", 1);
        assert_int_equal(one.answers, 1);
        assert_false(one.on_same_turn);
        if (!alice.session)
            break;
    }
    json_decref(request);
    close_peer(&alice, true);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_a_session_a_question_is_answered_not_started_on_a_later_turn),
        TEST(a_session_gets_the_question_and_its_answer_goes_back_once),
        TEST(what_a_program_wrote_goes_to_the_asker_of_a_question_that_was_begun),
        TEST(a_question_goes_to_the_session_of_its_user_only),
        TEST(a_session_lost_before_it_began_counts_as_not_started),
        TEST(a_session_lost_after_it_began_counts_as_abandoned),
        TEST(a_session_cut_off_with_words_unread_may_have_begun),
        TEST(a_connection_found_lost_while_asking_answers_later_not_inside),
        TEST(many_questions_are_sent_a_few_at_a_time_and_in_order),
        TEST(the_newest_session_works_and_an_older_one_takes_over),
        TEST(the_users_with_sessions_are_listed_once_each),
        TEST(cancelling_what_waits_answers_it_and_what_was_sent_is_told),
        TEST(a_failure_without_words_gets_some_and_an_unknown_status_is_a_failure),
        TEST(an_answer_of_wrong_shape_is_refused_and_the_question_stays_open),
        TEST(out_of_memory_while_asking_is_still_answered_once_and_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
