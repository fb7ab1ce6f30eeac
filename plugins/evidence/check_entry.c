/* SPDX-License-Identifier: MIT */
/*
 * The entry of a plugin that offers one check.  Each such plugin compiles it, as what a static library
 * exports is lost where nothing asks for it.
 */
#include "check_plugin.h"

RJ_EXPORT const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)
{
    static const char *const provides[] = {RJ_CHECK, NULL};
    static const rj_plugin_desc desc = {sizeof desc,
                                        RJ_ABI_MINOR,
                                        check_plugin_id,
                                        "0.1.0",
                                        provides,
                                        check_plugin_create,
                                        check_plugin_query,
                                        check_plugin_stop,
                                        check_plugin_destroy};

    return &desc;
}
