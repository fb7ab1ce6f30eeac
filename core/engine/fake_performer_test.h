/* SPDX-License-Identifier: MIT */
/*
 * A provider for tests.  What is installed is a file <folder>/<owner>-<id> that holds the version,
 * so it outlives a killed process; <file>.part means that a change was interrupted.  Questions are
 * answered by fake_turn(), one at a time, as a loop would.
 */
#ifndef RJ_ENGINE_FAKE_PERFORMER_TEST_H
#define RJ_ENGINE_FAKE_PERFORMER_TEST_H

#include "engine/performer.h"

#define FAKE_VERBS 5
#define FAKE_QUESTIONS 64

typedef struct fake_script { /* instead of doing the verb */
    const char *id;          /* NULL: every package */
    rj_package_verb verb;
    rj_status status;
    const char *message;
    const char *result; /* JSON text or NULL */
    unsigned times;     /* how often it applies; 0: always */
    bool do_it;         /* do the verb, then answer as scripted */
} fake_script;

typedef struct fake_question {
    rj_question_id id;
    rj_uid owner;
    rj_package_verb verb;
    json_t *request;
    rj_question question;
    bool cancelled;
} fake_question;

typedef struct fake_performer {
    char folder[256];
    rj_performer performer;
    fake_script scripts[8];
    size_t script_count;
    fake_question questions[FAKE_QUESTIONS];
    size_t question_count;
    rj_question_id last_id;
    unsigned asked[FAKE_VERBS];
    size_t most_at_once;
    bool session_absent;
    unsigned kill_in_change; /* 1: before, 2: in the middle of, 3: after the change; 0: never */
    const char *writes;      /* its program, while it installs; NULL: nothing */
    char trace[4096];        /* "verb id; " of everything answered */
} fake_performer;

void fake_begin(fake_performer *fake, const char *folder);
void fake_end(fake_performer *fake);
void fake_script_add(fake_performer *fake, fake_script script);
/* Answer the oldest question; false: none is out. */
bool fake_turn(fake_performer *fake);
/* The version in the file, "" if there is none; static buffer. */
const char *fake_installed(const fake_performer *fake, const char *id, rj_uid owner);
void fake_put(const fake_performer *fake, const char *id, rj_uid owner, const char *version);

#endif
