/* SPDX-License-Identifier: MIT */
/* All tests, in the order they are shown. */
#include "case.h"

#include <string.h>

const rj_case rj_cases[] = {
    {"manifest", "plugin.json is complete, of its form, and fits the binary", RJ_REACH_FILES,
     rj_case_manifest},
    {"exports", "the library exports the entry function and nothing else", RJ_REACH_FILES,
     rj_case_exports},
    {"entry", "the entry function answers the same each time", RJ_REACH_IN_PROCESS, rj_case_entry},
    {"load", "the plugin is loaded, in time", RJ_REACH_BOTH, rj_case_load},
    {"tables", "every interface it provides has a whole table", RJ_REACH_IN_PROCESS,
     rj_case_tables},
    {"unknown-interface", "an unknown interface id, or one with something behind it, has no table",
     RJ_REACH_IN_PROCESS, rj_case_unknown_interface},
    {"ids", "check ids and formats are constant, of their form, and those of the manifest",
     RJ_REACH_IN_PROCESS, rj_case_ids},
    {"answers", "each method answers once, in time, with a valid document", RJ_REACH_BOTH,
     rj_case_answers},
    {"package-cycle", "with --request: fetch, install, detect, uninstall, detect", RJ_REACH_BOTH,
     rj_case_package_cycle},
    {"two-instances", "two instances share nothing, and one outlives the other", RJ_REACH_BOTH,
     rj_case_two_instances},
    {"second-life", "an instance made after another one's end is as good as the first",
     RJ_REACH_BOTH, rj_case_second_life},
    {"cancel", "each method ends soon after a cancellation: at once, after 1 and after 20 ms",
     RJ_REACH_BOTH, rj_case_cancel},
    {"deadline", "each method ends soon after its deadline, be it short or past", RJ_REACH_BOTH,
     rj_case_deadline},
    {"stop-busy", "with questions in flight it stops in time", RJ_REACH_BOTH, rj_case_stop_busy},
    {"stop-waits", "stop() is answered when nothing runs any more", RJ_REACH_IN_PROCESS,
     rj_case_stop_waits},
    {"op-use", "no op is used after the plugin has finished it", RJ_REACH_IN_PROCESS,
     rj_case_op_use},
    {"create-destroy", "a thousand rounds of create and destroy leave nothing", RJ_REACH_IN_PROCESS,
     rj_case_create_destroy},
    {"growth", "many questions leave nothing", RJ_REACH_IN_PROCESS, rj_case_growth},
    {"unknown-check", "an unknown check id fails with a message", RJ_REACH_BOTH,
     rj_case_unknown_check},
    {"junk-request", "a request that is wrong fails with a message", RJ_REACH_BOTH,
     rj_case_junk_request},
    {"junk-config", "create() lives with any configuration, or refuses it", RJ_REACH_IN_PROCESS,
     rj_case_junk_config},
    {"junk-settings", "any settings of the policy are lived with", RJ_REACH_BOTH,
     rj_case_junk_settings},
    {"refused-capabilities", "with nothing granted it loads and says what it cannot do",
     RJ_REACH_BOTH, rj_case_refused_capabilities},
    {"process-contract", "the process is left as it was, whatever is called", RJ_REACH_IN_PROCESS,
     rj_case_process_contract},
    {"random-order", "calls in any order, by seed", RJ_REACH_BOTH, rj_case_random_order},
    {NULL, NULL, RJ_REACH_FILES, NULL},
};

const rj_case *rj_case_find(const char *name)
{
    for (const rj_case *c = rj_cases; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}
