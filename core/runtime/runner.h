/* SPDX-License-Identifier: MIT */
/*
 * The only door to a plugin's tables.  Absent members are skipped, failures get the plugin's id in
 * front and always have a message, breaches of the contract are reported.  [loop]
 */
#ifndef RJ_RUNTIME_RUNNER_H
#define RJ_RUNTIME_RUNNER_H

#include "runtime/instance.h"

/* create() and the tables of what it provides, with the ids they are for. */
rj_status rj_runner_create(rj_instance *instance, rj_error *err);
void rj_runner_evaluate(rj_instance *instance, const char *check_id, rj_op op);
void rj_runner_remediate(rj_instance *instance, const char *check_id, rj_op op);
/* The tables of what it provides, of an instance that exists already. */
rj_status rj_runner_take_tables(rj_instance *instance, rj_error *err);
void rj_runner_package(rj_instance *instance, rj_package_verb verb, const char *request, rj_op op);
void rj_runner_run_view(rj_instance *instance, rj_op op);
void rj_runner_show(rj_instance *instance, const char *model, size_t length);
void rj_runner_ask(rj_instance *instance, const char *prompt, size_t length, rj_op op);
void rj_runner_stop(rj_instance *instance, rj_op op);
void rj_runner_destroy(rj_instance *instance);
/* What came of an op, put into the words of an answer, and told to the asker. */
void rj_runner_answered(const rj_op_answer *answer);

#endif
