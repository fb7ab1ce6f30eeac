/* SPDX-License-Identifier: MIT */
/* As Windows gives it to this account's new processes; the profile below a root is the part of the state's
 * path before "AppData". */
#include "base/alloc.h"
#include "base/text.h"
#include "engine/script_environment_win32.h"
#include "session/desktop.h"
#include <string.h>

bool rj_desktop_describe(json_t *environment, const rj_paths *paths, const char *user,
                         const char *temporary)
{
    const char *state = rj_path(paths, RJ_PATH_STATE);
    const char *end = strstr(state, "/AppData/");
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_append(&text, state, end ? (size_t)(end - state) : strlen(state));
    char *profile = rj_text_take(&text);
    bool done = profile &&
                rj_script_environment_of_account(environment, paths, profile, temporary) &&
                json_object_set_new(environment, "USERNAME", json_string(user)) == 0;
    rj_free(profile);
    return done;
}
