/* SPDX-License-Identifier: MIT */
/* realmjoin: the command line, link handler and session of the agent. */
#include "base/json.h"
#include "platform/system.h"
#include "session/cli/exit_codes.h"
#include "session/command/dispatch.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    rj_system_prepare_process();
    rj_json_use_base_alloc();
    rj_error error = RJ_ERROR_NONE;
    if (rj_system_arguments(&argc, &argv, &error) != RJ_OK) {
        fprintf(stderr, "realmjoin: %s\n", error.text);
        return RJ_EXIT_FAILED;
    }
    return rj_dispatch(argc, argv);
}
