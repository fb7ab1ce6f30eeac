/* SPDX-License-Identifier: MIT */
/*
 * Plugins "rogue.BEHAVIOUR" whose worker is rogue.c: it speaks as a worker does and breaks a rule.  What is
 * asked is answered truly, the worker is ended with one line in the log that says why, and the core neither
 * waits nor grows nor leaks.
 */
#ifndef TEST_PLUGINS_ROGUE_SCENE_H
#define TEST_PLUGINS_ROGUE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

typedef struct rogue_offence {
    const char *behaviour;
    rj_status status;  /* of the question that met it */
    const char *words; /* in the answer, in the log and in the administrator's view */
    unsigned crashes;
} rogue_offence;

extern scene rogue;
extern unsigned rogue_lines;       /* in the log */
extern unsigned rogue_error_lines; /* errors of the plugins among them, since the last question */
extern unsigned rogue_descriptors; /* before the first question */
extern char rogue_last_error[2000];

int rogue_setup(void **state);
int rogue_teardown(void **state);
void rogue_add(const char *behaviour);
void rogue_grant(const char *id, const char *capability);
void rogue_load(void);

void rogue_ask(const char *behaviour, int64_t deadline_ms, heard *h);
json_t *
rogue_describe(const char *behaviour); /* "worker" of the administrator's view; new reference */
bool rogue_has_process(const char *behaviour);
void rogue_wait_for_end(const char *behaviour);

void rogue_assert_nothing_is_left(const char *behaviour);
void rogue_assert_answer(const char *behaviour, const heard *h, rj_status status,
                         const char *words);
void rogue_assert_end(const char *behaviour, const char *words, unsigned crashes);

/* Loads a plugin for each, asks it, and looks at the answer and the worker's end. */
void rogue_commit(const rogue_offence *offences, size_t count);
#define ROGUE_COMMIT(OFFENCES) rogue_commit(OFFENCES, sizeof(OFFENCES) / sizeof(OFFENCES)[0])

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, rogue_setup, rogue_teardown)

#endif
