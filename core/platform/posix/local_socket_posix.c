/* SPDX-License-Identifier: MIT */
/*
 * UNIX stream sockets at paths of any length: where sun_path is too short, the folder is opened and
 * the socket is addressed as /proc/self/fd/N/name.
 */
#include "platform/local_socket.h"

#include "base/alloc.h"
#include "platform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct address {
    struct sockaddr_un name;
    int folder; /* kept open as long as the address is in use */
} address;

static rj_status split(const char *path, char **ret_folder, const char **ret_name, rj_error *err)
{
    const char *slash = strrchr(path, '/');
    if (*path != '/' || !slash[1])
        return rj_fail(err, RJ_E_INVALID, "socket \"%s\" is not an absolute path", path);
    char *folder = slash == path ? rj_strdup("/") : rj_strndup(path, (size_t)(slash - path));
    if (!folder)
        return rj_fail_memory(err, "opening a socket");
    *ret_folder = folder;
    *ret_name = slash + 1;
    return RJ_OK;
}

static rj_status make_address(const char *path, address *ret_address, rj_error *err)
{
    address a = {.name = {.sun_family = AF_UNIX}, .folder = -1};
    char *folder = NULL;
    const char *name = NULL;
    rj_status status = split(path, &folder, &name, err);
    if (status)
        return status;
    a.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (a.folder < 0) {
        status = rj_fail_errno(err, errno, "folder %s cannot be opened", folder);
    } else {
        int length = (int)strlen(path);
        if ((size_t)length < sizeof a.name.sun_path)
            memcpy(a.name.sun_path, path, (size_t)length + 1);
        else
            length = snprintf(a.name.sun_path, sizeof a.name.sun_path, "/proc/self/fd/%d/%s",
                              a.folder, name);
        if ((size_t)length >= sizeof a.name.sun_path)
            status = rj_fail(err, RJ_E_LIMIT, "the name of socket %s is too long", path);
    }
    rj_free(folder);
    if (status && a.folder >= 0)
        close(a.folder);
    if (!status)
        *ret_address = a;
    return status;
}

/* Bound, open to all local users, listening. */
static rj_status bind_and_listen(int fd, const address *a, const char *path, int backlog,
                                 rj_error *err)
{
    const char *name = strrchr(path, '/') + 1;
    if (unlinkat(a->folder, name, 0) < 0 && errno != ENOENT)
        return rj_fail_errno(err, errno, "stale socket %s cannot be removed", path);
    if (bind(fd, (const struct sockaddr *)&a->name, sizeof a->name) < 0)
        return rj_fail_errno(err, errno, "socket %s cannot be made", path);
    if (fchmodat(a->folder, name, 0666, 0) < 0)
        return rj_fail_errno(err, errno, "mode of socket %s cannot be set", path);
    if (listen(fd, backlog) < 0)
        return rj_fail_errno(err, errno, "socket %s cannot be listened on", path);
    return RJ_OK;
}

rj_status rj_local_socket_listen(const char *path, int backlog, rj_local_socket *ret_socket,
                                 rj_error *err)
{
    char *folder = NULL;
    const char *name = NULL;
    rj_status status = split(path, &folder, &name, err);
    if (status)
        return status;
    status = rj_dir_make(folder, 0755, err);
    rj_free(folder);
    if (status)
        return status;
    address a;
    status = make_address(path, &a, err);
    if (status)
        return status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        status = rj_fail_errno(err, errno, "no socket can be had");
    else
        status = bind_and_listen(fd, &a, path, backlog, err);
    close(a.folder);
    if (!status)
        *ret_socket = fd;
    else if (fd >= 0)
        close(fd);
    return status;
}

rj_status rj_local_socket_connect(const char *path, rj_local_socket *ret_socket, rj_error *err)
{
    address a;
    rj_status status = make_address(path, &a, err);
    if (status)
        return status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        status = rj_fail_errno(err, errno, "no socket can be had");
    } else if (connect(fd, (const struct sockaddr *)&a.name, sizeof a.name) < 0) {
        if (errno == ECONNREFUSED || errno == ENOENT || errno == ENOTSOCK)
            status = rj_fail(err, RJ_E_NOT_FOUND, "nobody listens at %s", path);
        else
            status = rj_fail_errno(err, errno, "%s cannot be connected to", path);
    }
    close(a.folder);
    if (!status)
        *ret_socket = fd;
    else if (fd >= 0)
        close(fd);
    return status;
}

rj_status rj_local_socket_peer(rj_local_socket socket, rj_peer *ret_peer, rj_error *err)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt((int)socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return rj_fail_errno(err, errno, "the system does not say who is connected");
    *ret_peer = (rj_peer){.uid = (rj_uid)peer.uid,
                          .pid = (long)peer.pid,
                          .admin = peer.uid == 0 || (rj_uid)peer.uid == rj_system_uid()};
    return RJ_OK;
}

void rj_local_socket_remove(const char *path)
{
    unlink(path);
}
