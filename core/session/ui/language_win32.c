/* SPDX-License-Identifier: MIT */
/* The languages that the person has chosen for Windows, in their order. */
#include "session/ui/texts.h"

#include "base/alloc.h"

#include <windows.h>

/* Names of languages are ASCII: one byte a character. */
static char *join(const wchar_t *names, ULONG length)
{
    char *wishes = rj_calloc((size_t)length + 1, 1);
    for (ULONG i = 0; wishes && i < length; i++) {
        if (!names[i] && (i + 1 >= length || !names[i + 1]))
            break;
        wishes[i] = names[i] ? (names[i] < 0x80 ? (char)names[i] : '?') : ':';
    }
    return wishes;
}

char *rj_texts_wishes(void)
{
    ULONG count = 0, length = 0;
    wchar_t *names = NULL;
    char *wishes = NULL;
    if (GetUserPreferredUILanguages(MUI_LANGUAGE_NAME, &count, NULL, &length) && length)
        names = rj_calloc(length, sizeof *names);
    if (names && GetUserPreferredUILanguages(MUI_LANGUAGE_NAME, &count, names, &length))
        wishes = join(names, length);
    rj_free(names);
    return wishes ? wishes : rj_strdup("");
}
