/* SPDX-License-Identifier: MIT */
#include "loader_scene.h"

#include <string.h>

int loader_open_scene(void **state)
{
    static scene s;
    scene_open(&s);
    *state = &s;
    return 0;
}

int loader_close_scene(void **state)
{
    scene_close(*state);
    return 0;
}

void loader_assert_state(scene *s, const char *id, const char *expected, const char *words)
{
    scene_load(s);
    json_t *found = scene_describe(s, id, "state");
    json_t *reason = scene_describe(s, id, "reason");
    if (!found || strcmp(json_string_value(found), expected) != 0 ||
        !strstr(json_string_value(reason), words))
        fail_msg("%s is %s: %s", id, found ? json_string_value(found) : "absent",
                 reason ? json_string_value(reason) : "");
    json_decref(found);
    json_decref(reason);
}

void loader_add_good(scene *s)
{
    scene_add(s, true, "case", "case-good", LOADER_CHECK, LOADER_PLAIN);
}
