/* SPDX-License-Identifier: MIT */
/* See job.h. */
#include "session/ui/job.h"

#include "base/alloc.h"

static const char *fact_of(const json_t *device, const char *key)
{
    const char *text = json_string_value(json_object_get(device, key));
    return text ? text : "";
}

bool rj_ui_job_may_cancel(const job *one)
{
    return one->state < DONE && !one->begun && one->correlation[0];
}

static char *helpdesk_text(const rj_texts *texts, const job *one, const json_t *device)
{
    const rj_text_value computer[] = {{"name", fact_of(device, "computer"), 0}, {NULL, NULL, 0}};
    const rj_text_value user[] = {{"name", fact_of(device, "user"), 0}, {NULL, NULL, 0}};
    const rj_text_value id[] = {{"id", one->correlation, 0}, {NULL, NULL, 0}};
    char *lines[] = {rj_texts_make(texts, "helpdesk.computer", computer),
                     rj_texts_make(texts, "helpdesk.user", user),
                     rj_texts_make(texts, "helpdesk.correlation", id)};
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_addf(&text, "%s\n%s\n", one->text ? one->text : "", one->status ? one->status : "");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        rj_text_addf(&text, "%s\n", lines[i] ? lines[i] : "");
        rj_free(lines[i]);
    }
    rj_text_addf(&text, "\n%s", one->details.length ? one->details.bytes : "");
    return rj_text_take(&text);
}

/* Says what the window showed: more refused links may be gathered in it before the person's answer comes. */
static json_t *close_action(const job *one)
{
    return one->refused_links
               ? json_sprintf("close:%s:%lld", one->window, (long long)one->refused_links)
               : json_sprintf("close:%s", one->window);
}

json_t *rj_ui_job_window(const rj_texts *texts, const job *one, const json_t *device)
{
    static const char *const states[] = {"waiting", "working", "done", "failed", "cancelled"};
    json_t *window =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:b, s:o}", "id", one->window, "text",
                  one->text && *one->text ? one->text : "RealmJoin", "state", states[one->state],
                  "permille", one->permille, "status", one->status ? one->status : "", "next",
                  one->next_step ? one->next_step : "", "details",
                  one->details.length && !one->details.failed ? one->details.bytes : "", "asked", 1,
                  "close", close_action(one));
    int failed = !window;
    if (rj_ui_job_may_cancel(one))
        failed |= json_object_set_new(window, "cancel", json_sprintf("cancel:%s", one->window));
    if (one->state == FAILED) {
        char *copy = helpdesk_text(texts, one, device);
        failed |= json_object_set_new(window, "copy", copy ? json_string(copy) : NULL);
        rj_free(copy);
    }
    if (!failed)
        return window;
    json_decref(window);
    return NULL;
}
