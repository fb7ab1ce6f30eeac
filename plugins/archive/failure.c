/* SPDX-License-Identifier: MIT */
/* rj_failure: see failure.h.  Nothing here allocates, so that "out of memory" can be said. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A cut may have split a UTF-8 character: drop its bytes. */
static void trim_partial_character(char *text)
{
    size_t length = strlen(text), back = 0;
    while (back < 4 && back < length) {
        unsigned char c = (unsigned char)text[length - 1 - back];
        back++;
        if (c < 0x80)
            return;
        if (c >= 0xC0) {
            size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
            if (back < need)
                text[length - back] = '\0';
            return;
        }
    }
}

rj_status rj_fail(rj_failure *failure, rj_status status, const char *format, ...)
{
    if (!failure)
        return status;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(failure->text, sizeof(failure->text), format, args);
    va_end(args);
    if (n >= (int)sizeof(failure->text))
        trim_partial_character(failure->text);
    failure->status = status;
    return status;
}

rj_status rj_fail_prefix(rj_failure *failure, const char *prefix)
{
    if (!failure)
        return RJ_E_FAILED;
    char old[sizeof(failure->text)];
    memcpy(old, failure->text, sizeof(old));
    return rj_fail(failure, failure->status, "%s: %s", prefix, old);
}

rj_status rj_fail_memory(rj_failure *failure)
{
    return rj_fail(failure, RJ_E_NO_MEMORY, "out of memory");
}
