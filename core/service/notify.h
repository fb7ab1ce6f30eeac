/* SPDX-License-Identifier: MIT */
/* News for the service manager that started the program. */
#ifndef RJ_SERVICE_NOTIFY_H
#define RJ_SERVICE_NOTIFY_H

#include "base/status.h"

typedef enum rj_service_news {
    RJ_SERVICE_STARTING, /* each time, it goes on */
    RJ_SERVICE_READY,
    RJ_SERVICE_STOPPING /* each time, it goes on */
} rj_service_news;

/* RJ_E_NOT_APPLICABLE: nobody wants to know.  [any] */
rj_status rj_service_notify(rj_service_news news, rj_error *err);

#endif
