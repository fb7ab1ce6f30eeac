/* SPDX-License-Identifier: MIT */
/* The person's languages as the environment says: LC_ALL, LC_MESSAGES, LANG. */
#include "session/ui/texts.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

char *rj_texts_wishes(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        char *wish = rj_strndup(value, strcspn(value, ".@"));
        for (char *at = wish; at && *at; at++)
            if (*at == '_')
                *at = '-';
        return wish;
    }
    return rj_strdup("");
}
