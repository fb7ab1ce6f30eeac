/* SPDX-License-Identifier: MIT */
/* See refusal.h.  What the table does not know is told by its own sentence. */
#include "session/ui/refusal.h"

#include "base/alloc.h"
#include "session/ui/one_line.h"

#include <stddef.h>

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
    if (why->status == RJ_E_BUSY)
        return "refused.busy";
    return *why->message ? NULL : "refused.unknown";
}

char *rj_ui_refusal_reason(const rj_texts *texts, const rj_ui_refusal *why, const char *name)
{
    const char *id = text_id(why, name);
    const rj_text_value values[] = {{"name", name, 0}, {NULL, NULL, 0}};
    return id ? rj_texts_make(texts, id, values) : rj_ui_one_line(why->message, 1000);
}

char *rj_ui_refusal_next(const rj_texts *texts, const rj_ui_refusal *why)
{
    return rj_texts_make(texts,
                         is_about_service(why) ? "job.next.service"
                         : why->link           ? "job.next.link"
                                               : "job.next",
                         NULL);
}
