/* SPDX-License-Identifier: MIT */
/* realmjoin: the command line, link handler and session of the agent. */
#include "base/json.h"
#include "platform/system.h"
#include "session/cli.h"

int main(int argc, char **argv)
{
    rj_system_prepare_process();
    rj_json_use_base_alloc();
    return rj_cli_run(argc, argv);
}
