/* SPDX-License-Identifier: MIT */
/* Questions to the plugin on a stage, and whether their answers are as they should be. */
#ifndef RJ_VALIDATE_ASK_H
#define RJ_VALIDATE_ASK_H

#include "stage.h"

#define RJ_METHODS_MAX 200u

/* One thing a plugin can be asked. */
typedef struct rj_method {
    const char *check_id; /* NULL: a verb of rj.package/1 */
    const char *format;
    rj_package_verb verb;
    char label[160];
} rj_method;

/* What all the instance's checks and formats can be asked; the count. */
size_t rj_methods_of(const rj_stage *stage, rj_method ret_methods[RJ_METHODS_MAX]);

/* One question and what came of it.  Stays where it is until it is forgotten. */
typedef struct rj_asked {
    const rj_method *method;
    rj_question_id id;
    unsigned answers;
    bool answered;
    rj_status status;
    char message[700];
    json_t *result; /* NULL: none */
    uint64_t asked_ms;
    uint64_t answered_ms;
} rj_asked;

/* The request of a verb, `more` (NULL: nothing) put over it.  New reference. */
json_t *rj_ask_request(const rj_stage *stage, const rj_method *method, const json_t *more);
void rj_ask(rj_stage *stage, const rj_method *method, int64_t deadline_ms, rj_asked *asked);
void rj_ask_with(rj_stage *stage, const rj_method *method, const json_t *request,
                 int64_t deadline_ms, rj_asked *asked);
/* The same past the agent's own look-ups: any check id, any text as a request. */
void rj_ask_raw(rj_stage *stage, const rj_method *method, const char *text, int64_t deadline_ms,
                rj_asked *asked);
bool rj_ask_wait(rj_stage *stage, rj_asked *asked, int64_t limit_ms);
void rj_ask_forget(rj_asked *asked);

/* How the question was asked, which decides what answers fit. */
typedef enum rj_manner {
    RJ_ASKED_PLAINLY,
    RJ_ASKED_CANCELLED, /* cancelled, or the plugin was stopped */
    RJ_ASKED_LATE,      /* its deadline passed */
    RJ_ASKED_WRONGLY,   /* it must fail */
    RJ_ASKED_ODDLY      /* any answer fits, but there must be one */
} rj_manner;

/* Reports what is wrong with the answer; `how` says how it was asked.  False: something was. */
bool rj_ask_judge(rj_stage *stage, const rj_asked *asked, rj_manner manner, const char *how);
/* Ask all methods one after the other and judge.  False: something was wrong. */
bool rj_ask_all(rj_stage *stage, rj_manner manner, const char *how);

#endif
