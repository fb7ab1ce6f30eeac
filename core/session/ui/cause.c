/* SPDX-License-Identifier: MIT */
/* See cause.h.  The first row that fits counts; what no row knows says that the details tell. */
#include "session/ui/cause.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct pair {
    const char *word, *text;
} pair;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *find(const pair *rows, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].text;
    return NULL;
}

const char *rj_ui_cause_of_status(const char *status_name)
{
    static const pair rows[] = {{"not-applicable", "refused.not-here"},
                                {"denied", "refused.denied"},
                                {"busy", "refused.busy"},
                                {"cancelled", "refused.cancelled"},
                                {"invalid", "refused.invalid"},
                                {"not-found", "refused.not-found"},
                                {"no-memory", "refused.memory"},
                                {"io", "refused.disk"},
                                {"corrupt", "refused.damaged"},
                                {"limit", "refused.limit"}};
    return find(rows, sizeof rows / sizeof *rows, status_name);
}

/* Those of Windows Installer that people can do something about; scripts pass them on. */
static const char *of_exit_code(json_int_t code)
{
    return code == 1618   ? "job.why.other-installer"
           : code == 1602 ? "job.why.cancelled-there"
                          : "job.why.exit-code";
}

static const char *of_step(const char *status, const char *step)
{
    static const pair fetching[] = {{"not-found", "job.why.not-in-feed"},
                                    {"corrupt", "job.why.hash"},
                                    {"io", "refused.disk"},
                                    {"no-memory", "refused.memory"},
                                    {"busy", "refused.busy"},
                                    {"cancelled", "refused.cancelled"},
                                    {"not-started", "job.why.waits"}};
    static const pair all[] = {
        {"timeout", "job.why.timeout"},   {"abandoned", "job.why.unknown-end"},
        {"not-started", "job.why.waits"}, {"invalid", "job.why.package"},
        {"corrupt", "job.why.package"},   {"not-found", "job.why.package"},
        {"limit", "job.why.package"}};
    const char *found = NULL;
    if (strcmp(step, "job.fetching") == 0) {
        found = find(fetching, sizeof fetching / sizeof *fetching, status);
        return found ? found : "job.why.fetch";
    }
    if (!*status)
        return strcmp(step, "job.verifying") == 0 ? "job.why.not-there" : NULL;
    found = find(all, sizeof all / sizeof *all, status);
    return found ? found : rj_ui_cause_of_status(status);
}

char *rj_ui_cause_of_action(const rj_texts *texts, const json_t *document, const char *step)
{
    const char *status = text_of(document, "error");
    json_int_t code = json_integer_value(json_object_get(document, "exit_code"));
    const rj_text_value values[] = {{"code", NULL, code}, {NULL, NULL, 0}};
    bool held = strcmp(text_of(document, "state"), "held") == 0;
    bool ran = strcmp(step, "job.verifying") == 0; /* whatever its code, it was one of success */
    bool removal = strcmp(text_of(document, "verdict"), "uninstall") == 0;
    const char *id = held && !*status ? (removal ? "job.why.needed" : "job.why.needs")
                     : code && !ran   ? of_exit_code(code)
                                      : of_step(status, step);
    return rj_texts_make(texts, id ? id : "job.why.other", values);
}

char *rj_ui_cause_of_run(const rj_texts *texts, const json_t *document, const char *name)
{
    static const pair reasons[] = {{"already-installed", "job.nothing.installed"},
                                   {"as-wanted", "job.nothing.installed"},
                                   {"newer-kept", "job.nothing.installed"},
                                   {"newest-kept", "job.nothing.installed"},
                                   {"outdated-kept", "job.nothing.installed"},
                                   {"version-unknown", "job.nothing.installed"},
                                   {"last-failed-kept", "job.nothing.installed"},
                                   {"present-without-record", "job.nothing.installed"},
                                   {"not-outdated", "job.done.upgrade"},
                                   {"not-there-to-upgrade", "job.nothing.absent"},
                                   {"already-absent", "job.nothing.absent"},
                                   {"detection-unknown", "job.nothing.unknown"},
                                   {"gate", "job.nothing.gate"},
                                   {"gate-unknown", "job.nothing.gate"},
                                   {"no-session", "job.why.waits"},
                                   {"dependency-held", "job.why.needs"},
                                   {"dependency-removed", "job.why.needs"},
                                   {"not-assigned", "refused.not-assigned"},
                                   {"hidden", "refused.not-assigned"},
                                   {"not-for-root", "refused.not-allowed"},
                                   {"mandatory", "refused.not-allowed"},
                                   {"needs-admin", "refused.not-allowed"},
                                   {"needed-by-installed", "refused.not-allowed"},
                                   {"policy-wants-it-gone", "refused.not-allowed"}};
    const rj_text_value values[] = {{"name", name, 0}, {NULL, NULL, 0}};
    const char *id =
        find(reasons, sizeof reasons / sizeof *reasons, text_of(document, "reason_code"));
    if (!id)
        id = strcmp(text_of(document, "outcome"), "nothing") == 0 ? "job.nothing" : "job.why.other";
    return rj_texts_make(texts, id, values);
}
