/* SPDX-License-Identifier: MIT */
/* See refusal.h. */
#include "session/ui/refusal.h"

#include "session/ui/cause.h"

static bool is_about_service(const rj_ui_refusal *why)
{
    return why->status == RJ_E_NOT_STARTED || why->status == RJ_E_TIMEOUT;
}

static const char *text_id(const rj_ui_refusal *why, const char *name)
{
    if (is_about_service(why))
        return "refused.service";
    if (why->status == RJ_E_INVALID && why->link)
        return "refused.link";
    if (why->status == RJ_E_NOT_FOUND && *name)
        return "refused.not-assigned";
    if (why->status == RJ_E_DENIED && *name)
        return "refused.not-allowed";
    const char *id = rj_ui_cause_of_status(rj_status_name(why->status));
    return id ? id : *why->message ? "job.why.other" : "refused.unknown";
}

char *rj_ui_refusal_reason(const rj_texts *texts, const rj_ui_refusal *why, const char *name)
{
    const rj_text_value values[] = {{"name", name, 0}, {NULL, NULL, 0}};
    return rj_texts_make(texts, text_id(why, name), values);
}

char *rj_ui_refusal_next(const rj_texts *texts, const rj_ui_refusal *why)
{
    return rj_texts_make(texts,
                         is_about_service(why) ? "job.next.service"
                         : why->link           ? "job.next.link"
                                               : "job.next",
                         NULL);
}
