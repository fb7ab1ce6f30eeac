/* SPDX-License-Identifier: MIT */
/*
 * A mutex and a pipe of this user in this desktop session, see instance.h.
 *
 *     thread: connect --> read one link --> grammar --> post to the loop --> 'y' or 'n' --> next
 *
 * Only the user's own processes of at least medium integrity may open the pipe, and the sender makes sure
 * that the one at the other end is of this user: anybody could have made a pipe of that name before.
 * A sender that says nothing is left after a moment.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/policy.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"
#include "session/instance.h"
#include <stdio.h>
#include <string.h>

#include <sddl.h>

#define LOGGER "session.instance"
#define LINK_MOST 256
#define TALK_MS 2000
#define BUSY_MS 10000

struct rj_instance {
    rj_loop *loop;
    void (*on_link)(void *data, const char *text);
    void *data;
    HANDLE mutex, thread, stop, io;
    wchar_t *pipe_name;
    SECURITY_ATTRIBUTES rights;
    HANDLE pipe;     /* of the thread */
    LONG references; /* the owner, and each link that is on its way to the loop */
    bool released;   /* loop thread */
};

typedef struct arrival {
    rj_post post;
    rj_instance *instance;
    char text[LINK_MOST + 1];
} arrival;

/* ---- Names ----------------------------------------------------------------------------------- */

typedef struct names {
    char *sid;
    wchar_t *mutex, *pipe;
} names;

static void free_names(names *of)
{
    rj_free(of->sid);
    rj_free(of->mutex);
    rj_free(of->pipe);
}

static rj_status make_names(const char *root, names *ret_names, rj_error *err)
{
    char tag[18] = "", text[512];
    DWORD session = 0;
    names made = {0};
    if (root && root[0]) {
        tag[0] = '-';
        rj_root_tag(root, tag + 1);
    }
    ProcessIdToSessionId(GetCurrentProcessId(), &session);
    rj_status status = rj_account_token_sid(NULL, &made.sid, err);
    if (status != RJ_OK)
        return status;
    snprintf(text, sizeof text, "Local\\RealmJoin-%s%s", made.sid, tag);
    made.mutex = rj_wide(text);
    snprintf(text, sizeof text, "\\\\.\\pipe\\realmjoin-session-%lu-%s%s", (unsigned long)session,
             made.sid, tag);
    made.pipe = rj_wide(text);
    if (!made.mutex || !made.pipe) {
        free_names(&made);
        return rj_fail_memory(err, "looking for the running session");
    }
    *ret_names = made;
    return RJ_OK;
}

/* ---- The thread ------------------------------------------------------------------------------ */

static void drop(rj_instance *instance)
{
    if (InterlockedDecrement(&instance->references) > 0)
        return;
    LocalFree(instance->rights.lpSecurityDescriptor);
    rj_free(instance->pipe_name);
    rj_free(instance);
}

static void on_arrival(void *data)
{
    arrival *arrived = data;
    rj_instance *instance = arrived->instance;
    if (!instance->released)
        instance->on_link(instance->data, arrived->text);
    drop(instance);
    rj_free(arrived);
}

static bool take(rj_instance *instance, const char *text, size_t length)
{
    rj_link_verb verb;
    char id[132] = "";
    rj_error error = RJ_ERROR_NONE;
    bool show = length == strlen(RJ_INSTANCE_SHOW) && memcmp(text, RJ_INSTANCE_SHOW, length) == 0;
    if (!show && rj_link_parse(text, length, &verb, id, &error) != RJ_OK) {
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "from another program: %s", error.text);
        return false;
    }
    arrival *arrived = instance->on_link ? rj_calloc(1, sizeof *arrived) : NULL;
    if (!arrived)
        return false;
    arrived->instance = instance;
    memcpy(arrived->text, text, length);
    InterlockedIncrement(&instance->references);
    rj_loop_post(instance->loop, &arrived->post, on_arrival, arrived);
    return true;
}

/* True: done in time; otherwise it is cancelled. */
static bool complete(HANDLE pipe, OVERLAPPED *io, HANDLE stop, DWORD time_ms, DWORD *ret_count)
{
    HANDLE either[] = {io->hEvent, stop};
    DWORD count = 0;
    if (WaitForMultipleObjects(stop ? 2 : 1, either, FALSE, time_ms) != WAIT_OBJECT_0)
        CancelIoEx(pipe, io);
    bool done = GetOverlappedResult(pipe, io, &count, TRUE);
    if (done && ret_count)
        *ret_count = count;
    return done;
}

/* One message, read or written, in TALK_MS. */
static bool transfer(HANDLE pipe, HANDLE event, HANDLE stop, bool write, void *bytes, DWORD size,
                     DWORD *ret_count)
{
    OVERLAPPED io = {.hEvent = event};
    ResetEvent(event);
    BOOL done =
        write ? WriteFile(pipe, bytes, size, NULL, &io) : ReadFile(pipe, bytes, size, NULL, &io);
    if (!done && GetLastError() != ERROR_IO_PENDING)
        return false;
    return complete(pipe, &io, stop, TALK_MS, ret_count);
}

static void serve(rj_instance *instance)
{
    char text[LINK_MOST + 1];
    DWORD length = 0;
    char answer = 'n';
    /* A longer message is an error here, and so refused as it should be. */
    if (transfer(instance->pipe, instance->io, instance->stop, false, text, LINK_MOST, &length) &&
        take(instance, text, length))
        answer = 'y';
    /* What was not read yet goes with the connection: it ends when the sender closes it, or soon.  A flush
     * would wait for as long as the sender wants. */
    if (transfer(instance->pipe, instance->io, instance->stop, true, &answer, 1, NULL))
        transfer(instance->pipe, instance->io, instance->stop, false, text, 1, NULL);
}

static bool wait_for_sender(rj_instance *instance)
{
    OVERLAPPED io = {.hEvent = instance->io};
    ResetEvent(instance->io);
    if (ConnectNamedPipe(instance->pipe, &io) || GetLastError() == ERROR_PIPE_CONNECTED)
        return true;
    return GetLastError() == ERROR_IO_PENDING &&
           complete(instance->pipe, &io, instance->stop, INFINITE, NULL);
}

static DWORD WINAPI instance_thread(void *data)
{
    rj_instance *instance = data;
    while (WaitForSingleObject(instance->stop, 0) != WAIT_OBJECT_0) {
        if (wait_for_sender(instance))
            serve(instance);
        DisconnectNamedPipe(instance->pipe);
    }
    return 0;
}

/* ---- Claim and release ----------------------------------------------------------------------- */

static rj_status make_pipe(rj_instance *instance, const char *sid, rj_error *err)
{
    char text[256];
    snprintf(text, sizeof text, "D:P(A;;FA;;;%s)S:(ML;;NW;;;ME)", sid);
    wchar_t *sddl = rj_wide(text);
    instance->rights.nLength = sizeof instance->rights;
    bool made = sddl && ConvertStringSecurityDescriptorToSecurityDescriptorW(
                            sddl, SDDL_REVISION_1, &instance->rights.lpSecurityDescriptor, NULL);
    rj_free(sddl);
    if (!made)
        return rj_fail_win32(err, GetLastError(), "the session's rights");
    instance->pipe =
        CreateNamedPipeW(instance->pipe_name,
                         PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED,
                         PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS, 1,
                         LINK_MOST, LINK_MOST, 0, &instance->rights);
    if (instance->pipe == INVALID_HANDLE_VALUE)
        return rj_fail_win32(err, GetLastError(), "the session's pipe");
    return RJ_OK;
}

rj_status rj_instance_claim(rj_loop *loop, const char *root,
                            void (*on_link)(void *data, const char *text), void *data,
                            rj_instance **ret_instance, rj_error *err)
{
    names of = {0};
    rj_status status = make_names(root, &of, err);
    if (status != RJ_OK)
        return status;
    rj_instance *instance = rj_calloc(1, sizeof *instance);
    if (!instance) {
        free_names(&of);
        return rj_fail_memory(err, "becoming the session");
    }
    instance->loop = loop;
    instance->on_link = on_link;
    instance->data = data;
    instance->references = 1;
    instance->pipe = INVALID_HANDLE_VALUE;
    instance->pipe_name = of.pipe;
    of.pipe = NULL;
    instance->mutex = CreateMutexW(NULL, TRUE, of.mutex);
    if (!instance->mutex || GetLastError() == ERROR_ALREADY_EXISTS)
        status = rj_fail(err, RJ_E_BUSY, "another RealmJoin session of this user is running");
    if (status == RJ_OK)
        status = make_pipe(instance, of.sid, err);
    if (status == RJ_OK) {
        instance->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
        instance->io = CreateEventW(NULL, TRUE, FALSE, NULL);
        if (instance->stop && instance->io)
            instance->thread = CreateThread(NULL, 0, instance_thread, instance, 0, NULL);
        if (!instance->thread)
            status = rj_fail_win32(err, GetLastError(), "becoming the session");
    }
    free_names(&of);
    if (status != RJ_OK)
        rj_instance_release(instance);
    else
        *ret_instance = instance;
    return status;
}

static void close_if(HANDLE handle)
{
    if (handle && handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
}

void rj_instance_release(rj_instance *instance)
{
    if (!instance)
        return;
    instance->released = true;
    if (instance->thread) {
        SetEvent(instance->stop);
        WaitForSingleObject(instance->thread, INFINITE);
    }
    close_if(instance->thread);
    close_if(instance->pipe);
    close_if(instance->stop);
    close_if(instance->io);
    close_if(instance->mutex);
    drop(instance);
}

/* ---- Forward --------------------------------------------------------------------------------- */

static rj_status open_pipe(const wchar_t *name, HANDLE *ret_pipe, rj_error *err)
{
    /* Many may wait, and each moment that it is free only one of them gets it. */
    ULONGLONG end = GetTickCount64() + BUSY_MS;
    for (;;) {
        HANDLE pipe = CreateFileW(
            name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
        if (pipe != INVALID_HANDLE_VALUE) {
            *ret_pipe = pipe;
            return RJ_OK;
        }
        DWORD why = GetLastError();
        ULONGLONG now = GetTickCount64();
        if (why != ERROR_PIPE_BUSY || now >= end)
            break;
        WaitNamedPipeW(name, (DWORD)(end - now));
    }
    return rj_fail(err, RJ_E_NOT_FOUND, "no session of this user takes links");
}

/* Of this user?  Then it may come to the foreground, too. */
static bool check_server(HANDLE pipe, const char *own_sid)
{
    ULONG pid = 0;
    HANDLE process = NULL, token = NULL;
    char *sid = NULL;
    bool own = false;
    if (GetNamedPipeServerProcessId(pipe, &pid))
        process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    if (process && OpenProcessToken(process, TOKEN_QUERY, &token)) {
        own = rj_account_token_sid(token, &sid, NULL) == RJ_OK && strcmp(sid, own_sid) == 0;
        rj_free(sid);
        CloseHandle(token);
    }
    if (process)
        CloseHandle(process);
    if (own)
        AllowSetForegroundWindow(pid);
    return own;
}

rj_status rj_instance_forward(const char *root, const char *text, rj_error *err)
{
    names of = {0};
    HANDLE pipe = INVALID_HANDLE_VALUE, event = NULL;
    DWORD mode = PIPE_READMODE_MESSAGE, count = 0;
    char answer = 'n', line[LINK_MOST + 1];
    size_t length = strlen(text);
    if (length > LINK_MOST)
        return rj_fail(err, RJ_E_INVALID, "the link is too long");
    memcpy(line, text, length);
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    rj_status status =
        event ? make_names(root, &of, err) : rj_fail_memory(err, "passing a link on");
    if (status == RJ_OK)
        status = open_pipe(of.pipe, &pipe, err);
    if (status == RJ_OK &&
        (!check_server(pipe, of.sid) || !SetNamedPipeHandleState(pipe, &mode, NULL, NULL) ||
         !transfer(pipe, event, NULL, true, line, (DWORD)length, NULL) ||
         !transfer(pipe, event, NULL, false, &answer, 1, &count) || count != 1 || answer != 'y'))
        status = rj_fail(err, RJ_E_NOT_FOUND, "the running session does not take the link");
    close_if(pipe);
    close_if(event);
    free_names(&of);
    return status;
}
