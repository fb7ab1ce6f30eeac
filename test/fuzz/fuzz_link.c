/* SPDX-License-Identifier: MIT */
/* Any bytes as a link: refused with a printable text, or read so that writing it again is the same. */
#include "engine/policy.h"

#include "base/text.h"
#include "fuzz_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void read_again(rj_link_verb verb, const char *id)
{
    static const char *const verbs[] = {"install", "upgrade", "sync"};
    char text[256], again[132];
    rj_link_verb verb_again;
    int length = snprintf(text, sizeof(text), "realmjoin:%s:%s", verbs[verb], id);
    demand(rj_link_parse(text, (size_t)length, &verb_again, again, NULL) == RJ_OK);
    demand(verb_again == verb && strcmp(again, id) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rj_link_verb verb;
    char id[132];
    rj_error err = RJ_ERROR_NONE;
    if (rj_link_parse(size ? (const char *)data : "", size, &verb, id, &err) == RJ_OK) {
        demand((verb == RJ_LINK_SYNC) == (id[0] == '\0'));
        demand(verb == RJ_LINK_SYNC || rj_package_id_valid(id, strlen(id)));
        read_again(verb, id);
        return 0;
    }
    demand(err.text[0] != '\0' && rj_utf8_valid(err.text, strlen(err.text)));
    for (const char *at = err.text; *at; at++)
        demand((unsigned char)*at >= 0x20 && *at != 0x7f);
    return 0;
}
