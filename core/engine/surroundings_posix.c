/* SPDX-License-Identifier: MIT */
/* Around scripts on Linux: root's search path and home, see surroundings.h. */
#include "engine/surroundings.h"

#include "base/alloc.h"
#include "base/text.h"

char *rj_surroundings_search_path(void)
{
    return rj_strdup("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

char *rj_surroundings_sid(rj_uid uid)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_addf(&text, "S-1-22-1-%lu", (unsigned long)uid);
    return rj_text_take(&text);
}

bool rj_surroundings_describe(json_t *environment, const char *home, const char *temporary)
{
    return json_object_set_new(environment, "HOME", json_string(home ? home : "/root")) == 0 &&
           json_object_set_new(environment, "TMPDIR", json_string(temporary)) == 0;
}
