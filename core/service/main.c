/* SPDX-License-Identifier: MIT */
/* realmjoinservice: reads its options and runs the service. */
#include "base/json.h"
#include "base/native_paths.h"
#include "platform/system.h"
#include "service/remove_data.h"
#include "service/replace_sessions.h"
#include "service/service.h"
#include "service/service_main.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    rj_system_prepare_process();
    rj_json_use_base_alloc();
    rj_service_options options;
    rj_error error = RJ_ERROR_NONE;
    if (rj_system_arguments(&argc, &argv, &error) != RJ_OK) {
        fprintf(stderr, "realmjoinservice: %s\n", error.text);
        return RJ_SERVICE_FAILED;
    }
    if (rj_service_read_options(argc, argv, &options, &error) != RJ_OK) {
        rj_native_paths(error.text);
        fprintf(stderr, "realmjoinservice: %s\n", error.text);
        return RJ_SERVICE_USAGE;
    }
    if (options.show_help) {
        rj_service_print_help(stdout);
        return RJ_SERVICE_OK;
    }
    if (options.show_version) {
        puts("realmjoinservice " RJ_VERSION);
        return RJ_SERVICE_OK;
    }
    if (options.end_sessions)
        return rj_service_end_sessions(&options);
    if (options.remove_data)
        return rj_service_remove_data(&options);
    return rj_service_main(&options, rj_service_run);
}
