/* SPDX-License-Identifier: MIT */
/*
 * One datagram to the socket named by NOTIFY_SOCKET, as sd_notify(3) describes it.  A name that
 * begins with '@' lies in the abstract name space.
 */
#include "service/notify.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

rj_status rj_service_notify(rj_service_news news, rj_error *err)
{
    const char *state = news == RJ_SERVICE_READY ? "READY=1" : "STOPPING=1";
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || !name[0] || news == RJ_SERVICE_STARTING)
        return RJ_E_NOT_APPLICABLE;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length >= sizeof address.sun_path)
        return rj_fail(err, RJ_E_INVALID, "NOTIFY_SOCKET names no socket");
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return rj_fail_errno(err, errno, "telling the service manager");
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                          (const struct sockaddr *)&address, size);
    int error_number = errno;
    close(fd);
    if (sent < 0)
        return rj_fail_errno(err, error_number, "telling the service manager");
    return RJ_OK;
}
