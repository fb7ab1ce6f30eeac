/* SPDX-License-Identifier: MIT */
/*
 * The named pipe of the agent.
 *
 * A client is known by two sources: the token it lent to the pipe (impersonation), and the token of the
 * process that the system names.  The first is the right one, yet a system may answer it with our own
 * token; the second can be outrun by a process that ends.  So neither can add to what the other says.
 * A server is known by the owner of its pipe, which only the owner's account can set.
 */
#include "local_socket_win32.h"

#include "account_win32.h"
#include "base/alloc.h"
#include "base/text.h"
#include "wide_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_BYTES 65536u
#define BUSY_LIMIT_MS 5000u
/* Reading and writing, without FILE_CREATE_PIPE_INSTANCE, which GENERIC_WRITE would ask for. */
#define CLIENT_ACCESS 0x12019bu

/* ---- Ends ------------------------------------------------------------------------------------ */

/* Who has the name already; it learns nothing about us. */
static void name_holder(const wchar_t *name, char *text, size_t size)
{
    wchar_t path[MAX_PATH] = L"";
    DWORD length = MAX_PATH;
    ULONG pid = 0;
    HANDLE process = NULL;
    HANDLE pipe = CreateFileW(name, FILE_READ_ATTRIBUTES, 0, NULL, OPEN_EXISTING,
                              SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
    *text = '\0';
    if (pipe == INVALID_HANDLE_VALUE)
        return;
    if (GetNamedPipeServerProcessId(pipe, &pid))
        process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    CloseHandle(pipe);
    if (process && !QueryFullProcessImageNameW(process, 0, path, &length))
        *path = L'\0';
    if (process)
        CloseHandle(process);
    char *image = rj_utf8(path);
    if (pid)
        snprintf(text, size, ": process %lu%s%s", (unsigned long)pid, image && *image ? ", " : "",
                 image ? image : "");
    rj_free(image);
}

rj_status rj_local_socket_instance(const char *path, bool first, HANDLE *ret_pipe, rj_error *err)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security};
    wchar_t *name = rj_wide_path(path, err);
    if (!name)
        return RJ_E_INVALID;
    rj_status status = RJ_OK;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
            RJ_PIPE_SDDL, SDDL_REVISION_1, &security.lpSecurityDescriptor, NULL)) {
        status = rj_fail_win32(err, GetLastError(), "the rights of pipe %s cannot be made", path);
    } else {
        HANDLE pipe = CreateNamedPipeW(
            name,
            PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0),
            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
            PIPE_UNLIMITED_INSTANCES, PIPE_BYTES, PIPE_BYTES, 0, &security);
        DWORD problem = GetLastError();
        if (pipe != INVALID_HANDLE_VALUE) {
            *ret_pipe = pipe;
        } else if (first && (problem == ERROR_ACCESS_DENIED || problem == ERROR_PIPE_BUSY)) {
            char holder[400];
            name_holder(name, holder, sizeof holder);
            status = rj_fail(err, RJ_E_BUSY, "pipe %s belongs to another program%s", path, holder);
        } else {
            status = rj_fail_win32(err, problem, "pipe %s cannot be made", path);
        }
        LocalFree(security.lpSecurityDescriptor);
    }
    rj_free(name);
    return status;
}

rj_status rj_local_socket_listen(const char *path, int backlog, rj_local_socket *ret_socket,
                                 rj_error *err)
{
    HANDLE pipe = NULL;
    (void)backlog;
    rj_status status = rj_local_socket_instance(path, true, &pipe, err);
    if (!status)
        *ret_socket = (rj_local_socket)pipe;
    return status;
}

rj_status rj_local_socket_connect(const char *path, rj_local_socket *ret_socket, rj_error *err)
{
    wchar_t *name = rj_wide_path(path, err);
    ULONGLONG limit = GetTickCount64() + BUSY_LIMIT_MS;
    HANDLE pipe = INVALID_HANDLE_VALUE;
    DWORD problem = 0;
    if (!name)
        return RJ_E_INVALID;
    for (;;) {
        pipe = CreateFileW(name, CLIENT_ACCESS, 0, NULL, OPEN_EXISTING,
                           FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
                           NULL);
        problem = pipe == INVALID_HANDLE_VALUE ? GetLastError() : 0;
        if (problem != ERROR_PIPE_BUSY || GetTickCount64() >= limit)
            break;
        WaitNamedPipeW(name, 200); /* all instances are taken: a new one is a moment away */
    }
    rj_free(name);
    if (problem == ERROR_FILE_NOT_FOUND || problem == ERROR_PATH_NOT_FOUND)
        return rj_fail(err, RJ_E_NOT_FOUND, "nobody listens at %s", path);
    if (problem)
        return rj_fail_win32(err, problem, "%s cannot be connected to", path);
    *ret_socket = (rj_local_socket)pipe;
    return RJ_OK;
}

void rj_local_socket_remove(const char *path)
{
    (void)path; /* it goes with its last handle */
}

/* ---- Who is it ------------------------------------------------------------------------------- */

rj_status rj_identity_merge(const rj_identity *left, const rj_identity *right,
                            rj_identity *ret_identity, rj_error *err)
{
    if (left->admin)
        *ret_identity = *right;
    else if (right->admin || left->uid == right->uid)
        *ret_identity = *left;
    else
        return rj_fail(err, RJ_E_DENIED,
                       "the client's process and its token belong to two different users");
    return RJ_OK;
}

static rj_status of_token(HANDLE token, rj_identity *ret_identity, rj_error *err)
{
    rj_status status =
        rj_account_of_token(token, NULL, &ret_identity->uid, &ret_identity->admin, err);
    CloseHandle(token);
    return status;
}

static rj_status by_impersonation(HANDLE pipe, rj_identity *ret_identity, rj_error *err)
{
    HANDLE token = NULL;
    if (!ImpersonateNamedPipeClient(pipe))
        return rj_fail_win32(err, GetLastError(), "the client does not show who it is");
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY | TOKEN_DUPLICATE, TRUE, &token))
        token = NULL;
    DWORD problem = GetLastError();
    if (!RevertToSelf()) /* we would go on as somebody else */
        abort();
    if (!token)
        return rj_fail_win32(err, problem, "the client does not show who it is");
    return of_token(token, ret_identity, err);
}

static rj_status by_process(HANDLE process, rj_identity *ret_identity, rj_error *err)
{
    HANDLE token = NULL;
    if (!process || !OpenProcessToken(process, TOKEN_QUERY | TOKEN_DUPLICATE, &token))
        return rj_fail_win32(err, GetLastError(), "the system does not say who is connected");
    return of_token(token, ret_identity, err);
}

/* Whether what we make belongs to this account, too. */
static bool is_our_owner(PSID sid)
{
    union {
        TOKEN_OWNER owner;
        char bytes[sizeof(TOKEN_OWNER) + SECURITY_MAX_SID_SIZE];
    } ours;
    HANDLE token = NULL;
    DWORD size = 0;
    bool same = OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
                GetTokenInformation(token, TokenOwner, &ours, sizeof ours, &size) &&
                EqualSid(ours.owner.Owner, sid);
    if (token)
        CloseHandle(token);
    return same;
}

/* Made by one of our own programs in a sandbox, a browser's say, which must not tell us what to run.  It
 * cannot make its pipe look better. */
static bool is_of_low_integrity(HANDLE pipe)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PACL labels = NULL;
    bool low = false;
    if (GetSecurityInfo(pipe, SE_KERNEL_OBJECT, LABEL_SECURITY_INFORMATION, NULL, NULL, NULL,
                        &labels, &descriptor))
        return false; /* a system without labels */
    for (DWORD i = 0; labels && i < labels->AceCount; i++) {
        void *entry = NULL;
        if (!GetAce(labels, i, &entry))
            continue;
        const SYSTEM_MANDATORY_LABEL_ACE *label = entry;
        PSID sid = (PSID)(uintptr_t)&label->SidStart;
        if (label->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE)
            low |= *GetSidSubAuthority(sid, (DWORD)(*GetSidSubAuthorityCount(sid) - 1)) <
                   SECURITY_MANDATORY_MEDIUM_RID;
    }
    LocalFree(descriptor);
    return low;
}

/* The owner is SYSTEM or Administrators, or we ourselves, or somebody else. */
static rj_status by_owner(HANDLE pipe, rj_identity *ret_identity, rj_error *err)
{
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    wchar_t *wide = NULL;
    DWORD problem = GetSecurityInfo(pipe, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner,
                                    NULL, NULL, NULL, &descriptor);
    if (problem)
        return rj_fail_win32(err, problem, "the system does not say whose the pipe is");
    rj_status status = RJ_OK;
    char *text = NULL;
    if (!owner || !ConvertSidToStringSidW(owner, &wide) || !(text = rj_utf8(wide)))
        status = rj_fail(err, RJ_E_FAILED, "the system does not say whose the pipe is");
    else if (strcmp(text, "S-1-5-18") == 0 || strcmp(text, "S-1-5-32-544") == 0)
        *ret_identity = (rj_identity){.uid = 0, .admin = true};
    else if (is_of_low_integrity(pipe))
        status = rj_fail(err, RJ_E_DENIED, "the pipe was made by a program of low integrity");
    else if (is_our_owner(owner))
        *ret_identity = (rj_identity){.uid = rj_system_uid(), .admin = true};
    else
        status = rj_account_of_sid(text, NULL, &ret_identity->uid, err);
    rj_free(text);
    LocalFree(wide);
    LocalFree(descriptor);
    return status;
}

static void add_process(HANDLE process, DWORD pid, rj_peer *peer)
{
    wchar_t path[MAX_PATH];
    DWORD length = MAX_PATH;
    DWORD session = 0;
    peer->pid = (long)pid;
    if (ProcessIdToSessionId(pid, &session))
        peer->session = session;
    if (!process || !QueryFullProcessImageNameW(process, 0, path, &length))
        return;
    char *text = rj_utf8(path);
    if (text && strlen(text) < sizeof peer->image)
        memcpy(peer->image, text, strlen(text) + 1);
    rj_free(text);
}

/* Of its own account: what is elevated has the uid of the machine. */
static void add_name(HANDLE process, rj_peer *peer)
{
    HANDLE token = NULL;
    char *sid = NULL;
    if (!process || !OpenProcessToken(process, TOKEN_QUERY, &token))
        return;
    if (rj_account_token_sid(token, &sid, NULL) == RJ_OK) {
        char *name = rj_account_name(sid);
        if (name)
            rj_text_to_line(peer->name, sizeof peer->name, name, strlen(name));
        rj_free(name);
    }
    rj_free(sid);
    CloseHandle(token);
}

static rj_status identify_client(HANDLE pipe, HANDLE process, rj_identity *ret_identity,
                                 rj_error *err)
{
    rj_identity lent = {0};
    rj_identity running = {0};
    rj_status status = by_impersonation(pipe, &lent, err);
    if (!status)
        status = by_process(process, &running, err);
    return status ? status : rj_identity_merge(&lent, &running, ret_identity, err);
}

/* A user may not look into a process of SYSTEM: then the owner alone tells; the process alone only where
 * no owner is to be had.  A process is never believed to be more than the owner. */
static rj_status identify_server(HANDLE pipe, HANDLE process, rj_identity *ret_identity,
                                 rj_error *err)
{
    rj_status status = by_owner(pipe, ret_identity, err);
    if (status == RJ_OK || status == RJ_E_DENIED)
        return status;
    return by_process(process, ret_identity, err);
}

rj_status rj_local_socket_peer(rj_local_socket socket, rj_peer *ret_peer, rj_error *err)
{
    HANDLE pipe = (HANDLE)socket;
    DWORD flags = 0;
    ULONG pid = 0;
    if (!GetNamedPipeInfo(pipe, &flags, NULL, NULL, NULL))
        return rj_fail_win32(err, GetLastError(), "the system does not say who is connected");
    bool we_serve = (flags & PIPE_SERVER_END) != 0;
    if (!(we_serve ? GetNamedPipeClientProcessId(pipe, &pid)
                   : GetNamedPipeServerProcessId(pipe, &pid)))
        return rj_fail_win32(err, GetLastError(), "the system does not say who is connected");
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    rj_identity who = {0};
    rj_status status = we_serve ? identify_client(pipe, process, &who, err)
                                : identify_server(pipe, process, &who, err);
    if (!status) {
        rj_peer peer = {.uid = who.uid, .admin = who.admin || who.uid == rj_system_uid()};
        add_process(process, pid, &peer);
        if (we_serve)
            add_name(process, &peer);
        *ret_peer = peer;
    }
    if (process)
        CloseHandle(process);
    return status;
}
