/* SPDX-License-Identifier: MIT */
/* One question to a check plugin; see check_verdict.h. */
#include "check_verdict.h"

#include <realmjoin/check.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "test_files.h"

#define DEADLINE_MS 20000

typedef struct question {
    const rj_check *table;
    const char *check_id;
} question;

static void evaluate(rj_plugin *plugin, rj_op op, void *data)
{
    const question *asked = data;

    asked->table->evaluate(plugin, asked->check_id, op);
}

void check_verdict_ask(const rj_plugin_desc *(*entry)(void), const char *check_id,
                       const char *settings_json, check_verdict *ret_verdict)
{
    char *folder = test_folder_new("check-verdict");
    plugin_host *host = plugin_host_open(entry, "", folder, settings_json);
    question asked = {plugin_host_table(host, RJ_CHECK), check_id};
    plugin_answer answer = plugin_host_call(host, DEADLINE_MS, evaluate, &asked);
    json_t *document = answer.result ? json_loads(answer.result, 0, NULL) : NULL;
    const char *state = json_string_value(json_object_get(document, "state"));
    const char *summary = json_string_value(json_object_get(document, "summary"));
    const char *misuse;

    if (answer.status != RJ_OK || !state || !summary)
        fail_msg("%d %s", (int)answer.status, answer.message);
    snprintf(ret_verdict->state, sizeof ret_verdict->state, "%s", state);
    snprintf(ret_verdict->summary, sizeof ret_verdict->summary, "%s", summary);
    snprintf(ret_verdict->document, sizeof ret_verdict->document, "%s", answer.result);
    json_decref(document);
    misuse = plugin_host_close(host);
    if (misuse)
        fail_msg("%s", misuse);
    test_folder_remove(folder);
    free(folder);
}
