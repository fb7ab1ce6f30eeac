/* SPDX-License-Identifier: MIT */
#include "engine/args_hash.h"

#include "base/text.h"
#include "engine/digest.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Quotes open and close as in rj_text_split_arguments(): \" inside them is no end. */
static void add_canonical(rj_text *text, const char *args)
{
    bool quoted = false, gap = false;
    for (const char *at = args; *at; at++) {
        if (!quoted && is_blank(*at)) {
            gap = text->length > 0;
            continue;
        }
        if (gap)
            rj_text_append(text, " ", 1);
        gap = false;
        if (quoted && at[0] == '\\' && at[1] == '"') {
            rj_text_append(text, at, 2);
            at++;
            continue;
        }
        if (*at == '"')
            quoted = !quoted;
        rj_text_append(text, at, 1);
    }
}

rj_status rj_args_hash(const char *args, char ret_hex[65], rj_error *err)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_status status = RJ_OK;

    if (args)
        add_canonical(&text, args);
    if (rj_text_failed(&text))
        status = rj_fail_memory(err, "hashing arguments");
    else if (text.length == 0)
        ret_hex[0] = '\0';
    else if (!rj_sha256_hex(text.bytes, text.length, ret_hex))
        status = rj_fail(err, RJ_E_FAILED, "SHA-256 failed while hashing arguments");
    rj_text_free(&text);
    return status;
}
