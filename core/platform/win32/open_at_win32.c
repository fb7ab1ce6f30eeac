/* SPDX-License-Identifier: MIT */
/* Opening below a handle, see open_at_win32.h. */
#include "platform/win32/open_at_win32.h"

#include "base/alloc.h"

#include <string.h>
#include <wchar.h>
#include <winternl.h>

#define LISTING_BYTES 16384

DWORD rj_open_at(HANDLE folder, const wchar_t *name, DWORD access, rj_open_at_make make,
                 const SECURITY_ATTRIBUTES *attributes, HANDLE *ret_handle)
{
    size_t length = wcslen(name);
    if (!length || length > 255 || wcspbrk(name, L"\\/:") || wcscmp(name, L".") == 0 ||
        wcscmp(name, L"..") == 0)
        return ERROR_INVALID_NAME;
    wchar_t copy[256]; /* the system wants a text it could write to */
    wmemcpy(copy, name, length + 1);
    UNICODE_STRING text = {.Length = (USHORT)(length * sizeof *copy),
                           .MaximumLength = (USHORT)((length + 1) * sizeof *copy),
                           .Buffer = copy};
    OBJECT_ATTRIBUTES object = {
        .Length = sizeof object,
        .RootDirectory = folder,
        .ObjectName = &text,
        .Attributes = 0x40, /* OBJ_CASE_INSENSITIVE: as everybody else opens files */
        .SecurityDescriptor = attributes ? attributes->lpSecurityDescriptor : NULL};
    IO_STATUS_BLOCK block;
    memset(&block, 0, sizeof block);
    ULONG options = FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_REPARSE_POINT |
                    FILE_OPEN_FOR_BACKUP_INTENT |
                    (make == RJ_OPEN_AT_MAKE ? FILE_NON_DIRECTORY_FILE : 0);
    HANDLE handle = NULL;
    NTSTATUS status =
        NtCreateFile(&handle, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES, &object, &block, NULL,
                     FILE_ATTRIBUTE_NORMAL, RJ_SHARE_ALL,
                     make == RJ_OPEN_AT_MAKE ? FILE_OPEN_IF : FILE_OPEN, options, NULL, 0);
    if (status < 0)
        return RtlNtStatusToDosError(status);
    *ret_handle = handle;
    return 0;
}

DWORD rj_open_unfollowed(const wchar_t *path, DWORD access, HANDLE *ret_handle)
{
    HANDLE handle =
        CreateFileW(path, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES, RJ_SHARE_ALL, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return GetLastError();
    *ret_handle = handle;
    return 0;
}

DWORD rj_handle_attributes(HANDLE handle)
{
    BY_HANDLE_FILE_INFORMATION information;
    if (!GetFileInformationByHandle(handle, &information))
        return 0;
    return information.dwFileAttributes ? information.dwFileAttributes : FILE_ATTRIBUTE_NORMAL;
}

DWORD rj_each_entry_at(HANDLE folder, DWORD (*visit)(void *data, const wchar_t *name), void *data)
{
    unsigned char *room = rj_malloc(LISTING_BYTES);
    if (!room)
        return ERROR_NOT_ENOUGH_MEMORY;
    DWORD code = 0;
    FILE_INFO_BY_HANDLE_CLASS what = FileIdBothDirectoryRestartInfo;
    while (!code && GetFileInformationByHandleEx(folder, what, room, LISTING_BYTES)) {
        what = FileIdBothDirectoryInfo;
        const unsigned char *at = room;
        for (;;) {
            const FILE_ID_BOTH_DIR_INFO *entry = (const FILE_ID_BOTH_DIR_INFO *)(const void *)at;
            wchar_t name[256];
            size_t length = entry->FileNameLength / sizeof *name;
            length = length > 255 ? 255 : length;
            memcpy(name, entry->FileName, length * sizeof *name);
            name[length] = L'\0';
            if (wcscmp(name, L".") != 0 && wcscmp(name, L"..") != 0 &&
                (code = visit(data, name)) != 0)
                break;
            if (!entry->NextEntryOffset)
                break;
            at += entry->NextEntryOffset;
        }
    }
    if (!code && GetLastError() != ERROR_NO_MORE_FILES)
        code = GetLastError();
    rj_free(room);
    return code;
}
