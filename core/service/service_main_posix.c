/* SPDX-License-Identifier: MIT */
/* The service manager starts the program and sends it signals, see service_main.h. */
#include "service/service_main.h"
#include <signal.h>

static struct {
    rj_watch *signals[3];
    void (*asked)(void *data, rj_service_asked what, const char *why);
    void *data;
} listening;

bool rj_service_knows_manager(void)
{
    return false;
}

const char *rj_service_manager_help(void)
{
    return "SIGHUP reads the policy again.  SIGTERM ends the service within about ten seconds.\n";
}

int rj_service_main(const rj_service_options *options, int (*run)(const rj_service_options *))
{
    return run(options);
}

static void on_terminate(void *data)
{
    (void)data;
    listening.asked(listening.data, RJ_SERVICE_ASKED_STOP, "asked by a signal");
}

static void on_hang_up(void *data)
{
    (void)data;
    listening.asked(listening.data, RJ_SERVICE_ASKED_SYNC, "SIGHUP");
}

rj_status rj_service_listen(rj_loop *loop,
                            void (*asked)(void *data, rj_service_asked what, const char *why),
                            void *data, rj_error *err)
{
    listening.asked = asked;
    listening.data = data;
    rj_status status =
        rj_watch_signal(loop, SIGTERM, on_terminate, NULL, &listening.signals[0], err);
    if (status == RJ_OK)
        status = rj_watch_signal(loop, SIGINT, on_terminate, NULL, &listening.signals[1], err);
    if (status == RJ_OK)
        status = rj_watch_signal(loop, SIGHUP, on_hang_up, NULL, &listening.signals[2], err);
    return status;
}

void rj_service_unlisten(void)
{
    for (size_t i = 0; i < sizeof listening.signals / sizeof listening.signals[0]; i++) {
        rj_watch_stop(listening.signals[i]);
        listening.signals[i] = NULL;
    }
}
