/* SPDX-License-Identifier: MIT */
/*
 * A plugin that tries on Windows what its worker's sandbox promises to stop (docs/security.md).  Each
 * check answers with what was tried: the system's error, 0 for what was allowed.
 */
#include <realmjoin/check.h>

#include "hostile_win32_ids.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

#define TEXT_MAX 2000
#define PATH_CHARS 600
#define STEP_MIB 16
#define MOST_MIB 4096

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    char config[TEXT_MAX + 1];
    char found[TEXT_MAX];
};

static void note(rj_plugin *p, const char *name, unsigned long long value)
{
    size_t used = strlen(p->found);
    snprintf(p->found + used, sizeof p->found - used, "%s\"%s\":%llu", used ? "," : "", name,
             value);
}

static void note_result(rj_plugin *p, const char *name, bool allowed)
{
    DWORD problem = GetLastError();
    note(p, name, allowed ? 0 : problem ? problem : ERROR_GEN_FAILURE);
}

/* The text behind the name in its configuration; "" if there is none. */
static const char *setting(const rj_plugin *p, const char *name)
{
    static char value[PATH_CHARS];
    char member[80];
    snprintf(member, sizeof member, "\"%s\":", name);
    const char *at = strstr(p->config, member);
    at = at ? strchr(at + strlen(member), '"') : NULL;
    snprintf(value, sizeof value, "%.*s", at ? (int)strcspn(at + 1, "\"") : 0, at ? at + 1 : "");
    return value;
}

static void wide_path(const char *folder, const char *name, wchar_t wide[PATH_CHARS])
{
    char path[PATH_CHARS];
    snprintf(path, sizeof path, "%s%s", folder, name);
    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, PATH_CHARS);
    for (wchar_t *c = wide; *c; c++)
        *c = *c == L'/' ? L'\\' : *c;
}

/* ---- Processes ------------------------------------------------------------------------------- */

static void try_child(rj_plugin *p, const char *name, DWORD flags)
{
    wchar_t program[PATH_CHARS];
    wchar_t line[] = L"cmd /c exit";
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION made;
    wide_path("C:/windows/system32", "/cmd.exe", program);
    BOOL good = CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL, NULL, &start, &made);
    note_result(p, name, good);
    if (!good)
        return;
    TerminateProcess(made.hProcess, 0);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
}

static void try_processes(rj_plugin *p)
{
    try_child(p, "child", DETACHED_PROCESS);
    try_child(p, "breakaway", DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB);
    HANDLE core =
        OpenProcess(PROCESS_VM_READ | PROCESS_VM_WRITE | PROCESS_CREATE_THREAD | PROCESS_TERMINATE,
                    FALSE, (DWORD)strtoul(setting(p, "core"), NULL, 10));
    note_result(p, "core", core != NULL);
    if (core)
        CloseHandle(core);
}

/* ---- Rights ---------------------------------------------------------------------------------- */

static void look_at_token(rj_plugin *p)
{
    union {
        TOKEN_PRIVILEGES privileges;
        TOKEN_MANDATORY_LABEL label;
        char bytes[4096];
    } of;
    HANDLE token = NULL;
    DWORD size = 0;
    BOOL member = TRUE;
    PSID administrators = NULL;
    SID_IDENTIFIER_AUTHORITY nt = {SECURITY_NT_AUTHORITY};
    AllocateAndInitializeSid(&nt, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0,
                             0, 0, 0, &administrators);
    note(p, "administrator", CheckTokenMembership(NULL, administrators, &member) ? member : 99);
    FreeSid(administrators);
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return;
    /* Passing through folders is everybody's. */
    unsigned count = 0;
    LUID passing = {0};
    LookupPrivilegeValueW(NULL, SE_CHANGE_NOTIFY_NAME, &passing);
    if (GetTokenInformation(token, TokenPrivileges, &of, sizeof of, &size)) {
        for (DWORD i = 0; i < of.privileges.PrivilegeCount; i++)
            count += of.privileges.Privileges[i].Luid.LowPart != passing.LowPart;
        note(p, "privileges", count);
    }
    if (GetTokenInformation(token, TokenIntegrityLevel, &of, sizeof of, &size)) {
        PSID sid = of.label.Label.Sid;
        note(p, "integrity", *GetSidSubAuthority(sid, (DWORD)(*GetSidSubAuthorityCount(sid) - 1)));
    }
    CloseHandle(token);
}

/* ---- Files and handles ----------------------------------------------------------------------- */

static void try_write(rj_plugin *p, const char *name, const char *folder, const char *file)
{
    wchar_t path[PATH_CHARS];
    wide_path(folder, file, path);
    HANDLE made =
        CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_ALWAYS, 0, NULL);
    note_result(p, name, made != INVALID_HANDLE_VALUE);
    if (made != INVALID_HANDLE_VALUE)
        CloseHandle(made);
}

static void try_files(rj_plugin *p)
{
    char own[PATH_CHARS];
    snprintf(own, sizeof own, "%s", setting(p, "state_dir"));
    try_write(p, "own-folder", own, "/mine");
    snprintf(own, sizeof own, "%s", setting(p, "program"));
    try_write(p, "own-program", own, "");
    snprintf(own, sizeof own, "%s", setting(p, "elsewhere"));
    try_write(p, "elsewhere", own, "/planted");
}

/* A handle of the core by its number: if it was inherited, it is the same file here. */
static void try_handle(rj_plugin *p)
{
    char bytes[7] = "";
    DWORD got = 0;
    HANDLE handle = (HANDLE)(uintptr_t)strtoull(setting(p, "handle"), NULL, 10);
    bool read = GetFileType(handle) == FILE_TYPE_DISK &&
                SetFilePointer(handle, 0, NULL, FILE_BEGIN) == 0 &&
                ReadFile(handle, bytes, 6, &got, NULL) && strcmp(bytes, "secret") == 0;
    SetLastError(ERROR_INVALID_HANDLE);
    note_result(p, "handle", read);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void take_memory(rj_plugin *p)
{
    static void *taken[MOST_MIB / STEP_MIB];
    unsigned count = 0;
    for (; count < MOST_MIB / STEP_MIB; count++) {
        taken[count] =
            VirtualAlloc(NULL, (SIZE_T)STEP_MIB << 20, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
        if (!taken[count])
            break;
    }
    note(p, "memory-mib", (unsigned long long)count * STEP_MIB);
    while (count)
        VirtualFree(taken[--count], 0, MEM_RELEASE);
}

/* ---- The plugin ------------------------------------------------------------------------------ */

static const char *const *ids(rj_plugin *p)
{
    static const char *const list[] = {HOSTILE_CHECK_IDS, NULL};
    (void)p;
    return list;
}

static void evaluate(rj_plugin *p, const char *id, rj_op op)
{
    char json[TEXT_MAX + 60];
    *p->found = '\0';
    if (strcmp(id, "try-processes") == 0)
        try_processes(p);
    else if (strcmp(id, "try-token") == 0)
        look_at_token(p);
    else if (strcmp(id, "try-files") == 0)
        try_files(p);
    else if (strcmp(id, "try-handle") == 0)
        try_handle(p);
    else if (strcmp(id, "try-memory") == 0)
        take_memory(p);
    else if (strcmp(id, "try-fast-fail") == 0)
        RaiseException(0xC0000409u, EXCEPTION_NONCONTINUABLE, 0, NULL);
    snprintf(json, sizeof json, "{\"state\":\"ok\",\"tried\":{%s}}", p->found);
    p->op->set_result(p->host, op, json, strlen(json));
    p->op->finish(p->host, op, RJ_OK, NULL);
}

static const rj_check table = {.size = sizeof(rj_check), .ids = ids, .evaluate = evaluate};

static const void *query(rj_plugin *p, const char *id)
{
    (void)p;
    return strcmp(id, RJ_CHECK) == 0 ? &table : NULL;
}

static rj_status create(const rj_host *host, const char *config, rj_plugin **ret_plugin)
{
    rj_plugin *p = calloc(1, sizeof *p);
    if (!p)
        return RJ_E_NO_MEMORY;
    p->host = host;
    p->op = host->query(host, RJ_HOST_OP);
    snprintf(p->config, sizeof p->config, "%s", config);
    *ret_plugin = p;
    return RJ_OK;
}

static void stop(rj_plugin *p, rj_op op)
{
    p->op->finish(p->host, op, RJ_OK, NULL);
}

static void destroy(rj_plugin *p)
{
    free(p);
}

static const char *const provides[] = {RJ_CHECK, NULL};
static const rj_plugin_desc desc = {.size = sizeof(rj_plugin_desc),
                                    .id = "hostile",
                                    .version = "1.0.0",
                                    .provides = provides,
                                    .create = create,
                                    .query = query,
                                    .stop = stop,
                                    .destroy = destroy};

const rj_plugin_desc *rj_plugin_entry_v1(void)
{
    return &desc;
}
