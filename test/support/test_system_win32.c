/* SPDX-License-Identifier: MIT */
/* What unit tests need of Windows, see test_system.h. */
#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>
#include <winioctl.h>

#define WIDE_MAX 1024
#define KILLED_CODE 137u /* what rj_system_kill_self() ends with */

/* ---- Text ------------------------------------------------------------------------------------ */

/* "\\?\C:\..." of a path; false: too long. */
static bool wide_path(const char *path, wchar_t wide[WIDE_MAX])
{
    wcscpy(wide, L"\\\\?\\");
    size_t prefix = path[0] && path[1] == ':' ? 4 : 0;
    if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide + prefix, WIDE_MAX - 4))
        return false;
    for (wchar_t *c = wide + prefix; *c; c++)
        *c = *c == L'/' ? L'\\' : *c;
    return true;
}

static bool wide_text(const char *text, wchar_t *wide, int size)
{
    return MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, size) > 0;
}

/* ---- Files ----------------------------------------------------------------------------------- */

bool test_folder(const char *name, char *ret_path, size_t size)
{
    static unsigned counter;
    wchar_t wide[WIDE_MAX];
    char temporary[TEST_PATH_MAX];
    DWORD length = GetTempPathW(WIDE_MAX, wide);
    if (!length || length >= WIDE_MAX ||
        !WideCharToMultiByte(CP_UTF8, 0, wide, -1, temporary, sizeof temporary, NULL, NULL))
        return false;
    for (char *c = temporary; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    for (int i = 0; i < 100; i++) {
        LARGE_INTEGER ticks;
        QueryPerformanceCounter(&ticks);
        int used = snprintf(ret_path, size, "%srj-%s-%lx%x%x", temporary, name,
                            GetCurrentProcessId(), (unsigned)ticks.LowPart & 0xffff, ++counter);
        if (used < 0 || (size_t)used >= size || !wide_path(ret_path, wide))
            return false;
        if (CreateDirectoryW(wide, NULL))
            return true;
    }
    return false;
}

static void remove_tree(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return;
    SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
    if (!(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        DeleteFileW(path);
        return;
    }
    size_t size = wcslen(path) + 300;
    wchar_t *inner =
        attributes & FILE_ATTRIBUTE_REPARSE_POINT ? NULL : malloc(size * sizeof *inner);
    WIN32_FIND_DATAW entry;
    HANDLE search = INVALID_HANDLE_VALUE;
    if (inner) {
        swprintf(inner, size, L"%ls\\*", path);
        search = FindFirstFileW(inner, &entry);
    }
    if (search != INVALID_HANDLE_VALUE) {
        do {
            if (wcscmp(entry.cFileName, L".") != 0 && wcscmp(entry.cFileName, L"..") != 0) {
                swprintf(inner, size, L"%ls\\%ls", path, entry.cFileName);
                remove_tree(inner);
            }
        } while (FindNextFileW(search, &entry));
        FindClose(search);
    }
    free(inner);
    RemoveDirectoryW(path);
}

void test_remove_tree(const char *path)
{
    wchar_t wide[WIDE_MAX];
    if (wide_path(path, wide))
        remove_tree(wide);
}

bool test_count_entries(const char *path, unsigned *ret_count)
{
    char pattern[TEST_PATH_MAX];
    wchar_t wide[WIDE_MAX];
    WIN32_FIND_DATAW found;
    int length = snprintf(pattern, sizeof pattern, "%s/*", path);
    if (length < 0 || (size_t)length >= sizeof pattern || !wide_path(pattern, wide))
        return false;
    HANDLE search = FindFirstFileW(wide, &found);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    unsigned count = 0;
    do
        count += wcscmp(found.cFileName, L".") != 0 && wcscmp(found.cFileName, L"..") != 0;
    while (FindNextFileW(search, &found));
    FindClose(search);
    *ret_count = count;
    return true;
}

const char *test_absent_folder(void)
{
    return "C:/nowhere";
}

bool test_make_folder(const char *path)
{
    wchar_t wide[WIDE_MAX];
    return wide_path(path, wide) &&
           (CreateDirectoryW(wide, NULL) || GetLastError() == ERROR_ALREADY_EXISTS);
}

bool test_write_file(const char *path, const void *bytes, size_t length)
{
    wchar_t wide[WIDE_MAX];
    DWORD written = 0;
    if (!wide_path(path, wide))
        return false;
    HANDLE file = CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    bool good = WriteFile(file, bytes, (DWORD)length, &written, NULL) && written == length;
    CloseHandle(file);
    return good;
}

char *test_read_file(const char *path, size_t *ret_length)
{
    wchar_t wide[WIDE_MAX];
    LARGE_INTEGER size;
    DWORD got = 0;
    if (!wide_path(path, wide))
        return NULL;
    HANDLE file =
        CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    char *bytes = GetFileSizeEx(file, &size) ? malloc((size_t)size.QuadPart + 1) : NULL;
    if (bytes && ReadFile(file, bytes, (DWORD)size.QuadPart, &got, NULL)) {
        bytes[got] = '\0';
        if (ret_length)
            *ret_length = got;
    } else {
        free(bytes);
        bytes = NULL;
    }
    CloseHandle(file);
    return bytes;
}

bool test_exists(const char *path)
{
    wchar_t wide[WIDE_MAX];
    return wide_path(path, wide) && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
}

bool test_remove(const char *path)
{
    wchar_t wide[WIDE_MAX];
    if (!wide_path(path, wide))
        return false;
    SetFileAttributesW(wide, FILE_ATTRIBUTE_NORMAL);
    return DeleteFileW(wide) || RemoveDirectoryW(wide);
}

bool test_rename(const char *from, const char *to)
{
    wchar_t wide_from[WIDE_MAX];
    wchar_t wide_to[WIDE_MAX];
    return wide_path(from, wide_from) && wide_path(to, wide_to) &&
           MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING);
}

bool test_set_time(const char *path, int64_t wall_ms)
{
    wchar_t wide[WIDE_MAX];
    uint64_t ticks = (uint64_t)(wall_ms * 10000 + INT64_C(116444736000000000));
    FILETIME time = {.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
    if (!wide_path(path, wide))
        return false;
    HANDLE file = CreateFileW(wide, FILE_WRITE_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    bool good = SetFileTime(file, NULL, &time, &time);
    CloseHandle(file);
    return good;
}

/* The data of a junction as the system takes it. */
typedef struct junction {
    DWORD tag;
    WORD length, reserved;
    WORD target_at, target_length, shown_at, shown_length;
    wchar_t text[2 * WIDE_MAX];
} junction;

static bool make_junction(const wchar_t *target, const wchar_t *path)
{
    static junction data;
    DWORD unused = 0;
    size_t length = wcslen(target + 4);
    memset(&data, 0, sizeof data);
    data.tag = IO_REPARSE_TAG_MOUNT_POINT;
    data.target_length = (WORD)((length + 4) * sizeof(wchar_t));
    data.shown_at = (WORD)(data.target_length + sizeof(wchar_t));
    data.shown_length = (WORD)(length * sizeof(wchar_t));
    data.length = (WORD)(8 + data.shown_at + data.shown_length + sizeof(wchar_t));
    swprintf(data.text, WIDE_MAX, L"\\??\\%ls", target + 4);
    wcscpy(data.text + length + 5, target + 4);
    if (!CreateDirectoryW(path, NULL))
        return false;
    HANDLE folder = CreateFileW(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    bool good =
        folder != INVALID_HANDLE_VALUE && DeviceIoControl(folder, FSCTL_SET_REPARSE_POINT, &data,
                                                          data.length + 8u, NULL, 0, &unused, NULL);
    if (folder != INVALID_HANDLE_VALUE)
        CloseHandle(folder);
    if (!good)
        RemoveDirectoryW(path);
    return good;
}

/* Wine may say that it made a link and have made none. */
bool test_link(const char *target, const char *path)
{
    wchar_t wide_target[WIDE_MAX];
    wchar_t wide[WIDE_MAX];
    if (!wide_path(target, wide_target) || !wide_path(path, wide))
        return false;
    DWORD attributes = GetFileAttributesW(wide_target);
    bool folder = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
    if (folder)
        make_junction(wide_target, wide);
    else
        CreateSymbolicLinkW(wide, wide_target, 2); /* ...ALLOW_UNPRIVILEGED_CREATE */
    attributes = GetFileAttributesW(wide);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_REPARSE_POINT);
}

bool test_hard_link(const char *existing, const char *path)
{
    wchar_t wide_existing[WIDE_MAX];
    wchar_t wide[WIDE_MAX];
    return wide_path(existing, wide_existing) && wide_path(path, wide) &&
           CreateHardLinkW(wide, wide_existing, NULL);
}

/* Whether the access list really gives everybody, or Users, that right now. */
static bool others_may(DWORD right, const wchar_t *path)
{
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    bool found = false;
    if (GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list,
                              NULL, &descriptor))
        return false;
    for (DWORD i = 0; list && i < list->AceCount && !found; i++) {
        void *entry = NULL;
        if (GetAce(list, i, &entry)) {
            ACCESS_ALLOWED_ACE *allowed = entry;
            found = allowed->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && (allowed->Mask & right) &&
                    (IsWellKnownSid(&allowed->SidStart, WinWorldSid) ||
                     IsWellKnownSid(&allowed->SidStart, WinBuiltinUsersSid));
        }
    }
    LocalFree(descriptor);
    return found;
}

bool test_let_others_write(const char *path, bool on)
{
    wchar_t wide[WIDE_MAX];
    PSECURITY_DESCRIPTOR descriptor = NULL;
    const wchar_t *text = on ? L"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;WD)"
                             : L"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;WD)";
    if (!wide_path(path, wide) || !ConvertStringSecurityDescriptorToSecurityDescriptorW(
                                      text, SDDL_REVISION_1, &descriptor, NULL))
        return false;
    bool good = SetFileSecurityW(
        wide, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, descriptor);
    LocalFree(descriptor);
    return good && others_may(FILE_WRITE_DATA, wide) == on;
}

bool test_others_may_read(const char *path)
{
    wchar_t wide[WIDE_MAX];
    return wide_path(path, wide) && others_may(FILE_READ_DATA, wide);
}

/* ---- The process ----------------------------------------------------------------------------- */

void test_set_environment(const char *name, const char *value)
{
    wchar_t wide_name[128];
    wchar_t wide_value[WIDE_MAX];
    wchar_t both[WIDE_MAX + 130];
    if (!wide_text(name, wide_name, 128) || !wide_text(value ? value : "", wide_value, WIDE_MAX))
        return;
    swprintf(both, WIDE_MAX + 130, L"%ls=%ls", wide_name, wide_value);
    _wputenv(both); /* the system's and getenv()'s own copy */
}

void test_sleep_ms(unsigned ms)
{
    Sleep(ms);
}

unsigned long test_process_id(void)
{
    return GetCurrentProcessId();
}

int test_signal(void)
{
    return 0;
}

void test_raise(int number)
{
    (void)number;
}

const char *test_other_account(void)
{
    return "S-1-5-21-1-2-3-1001";
}

int test_child_main(int argc, char **argv, const test_child *children)
{
    (void)argv;
    if (argc != 4 || strcmp(argv[1], "--test-child") != 0)
        return -1;
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    char argument[4 * WIDE_MAX];
    DWORD length = GetEnvironmentVariableA("RJ_TEST_CHILD_ARGUMENT", NULL, 0);
    wchar_t wide[WIDE_MAX] = L"";
    if (length && !GetEnvironmentVariableW(L"RJ_TEST_CHILD_ARGUMENT", wide, WIDE_MAX))
        wide[0] = L'\0';
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, argument, sizeof argument, NULL, NULL);
    for (; children->name; children++)
        if (strcmp(children->name, argv[2]) == 0)
            return children->run(argument);
    return 101;
}

/* The argument goes by the environment, which nobody has to quote. */
intptr_t test_child_start(const char *name, const char *argument)
{
    wchar_t program[WIDE_MAX];
    wchar_t wide_name[128];
    wchar_t wide_argument[WIDE_MAX];
    wchar_t line[2 * WIDE_MAX];
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    if (!GetModuleFileNameW(NULL, program, WIDE_MAX) || !wide_text(name, wide_name, 128) ||
        !wide_text(argument, wide_argument, WIDE_MAX))
        return -1;
    fflush(NULL);
    swprintf(line, 2 * WIDE_MAX, L"\"%ls\" --test-child %ls environment", program, wide_name);
    SetEnvironmentVariableW(L"RJ_TEST_CHILD_ARGUMENT", wide_argument);
    BOOL good = CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process);
    SetEnvironmentVariableW(L"RJ_TEST_CHILD_ARGUMENT", NULL);
    if (!good)
        return -1;
    CloseHandle(process.hThread);
    return (intptr_t)process.hProcess;
}

int test_child_wait(intptr_t child)
{
    DWORD code = 0;
    HANDLE process = (HANDLE)child;
    if (WaitForSingleObject(process, INFINITE) || !GetExitCodeProcess(process, &code))
        return -1;
    CloseHandle(process);
    return code == KILLED_CODE || code >= 0xc0000000 ? TEST_KILLED : (int)code;
}

void test_child_kill(intptr_t child)
{
    TerminateProcess((HANDLE)child, KILLED_CODE);
}

int test_child_run(const char *name, const char *argument)
{
    intptr_t child = test_child_start(name, argument);
    return child < 0 ? -1 : test_child_wait(child);
}
