/* SPDX-License-Identifier: MIT */
/* Typed reading and writing of the registry, below the real hives or those of a root. */
#include "platform/win32/registry_win32.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/name_list.h"
#include "platform/win32/registry_walk_win32.h"
#include "platform/win32/wide_win32.h"

#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_BYTES (32u * 1024)
#define NAME_MAX_WIDE 16384 /* names of values are shorter than this */

/* ---- Names ----------------------------------------------------------------------------------- */

void rj_root_tag(const char *root, char ret_tag[17])
{
    unsigned char digest[32] = {0};
    mbedtls_sha256((const unsigned char *)root, strlen(root), digest, 0);
    for (int i = 0; i < 8; i++)
        snprintf(ret_tag + 2 * i, 3, "%02x", digest[i]);
}

static const char *hive_name(rj_hive hive)
{
    return hive == RJ_HIVE_MACHINE ? "HKLM" : hive == RJ_HIVE_USERS ? "HKU" : "HKCU";
}

static HKEY hive_key(rj_hive hive)
{
    return hive == RJ_HIVE_MACHINE ? HKEY_LOCAL_MACHINE
           : hive == RJ_HIVE_USERS ? HKEY_USERS
                                   : HKEY_CURRENT_USER;
}

static rj_status fail_key(const rj_registry_key *where, DWORD code, const char *what, rj_error *err)
{
    return rj_fail_win32(err, code, "registry key %s\\%s cannot be %s", hive_name(where->hive),
                         where->key, what);
}

static rj_status fail_value(const rj_registry_key *where, const char *name, DWORD code,
                            const char *what, rj_error *err)
{
    return rj_fail_win32(err, code, "registry value %s\\%s\\%s cannot be %s",
                         hive_name(where->hive), where->key, name, what);
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* The hive and the name below it that stand for a key; the name is rj_free()d. */
static rj_status place_of(const rj_registry_key *where, HKEY *ret_hive, wchar_t **ret_name,
                          rj_error *err)
{
    *ret_hive = hive_key(where->hive);
    char *moved = NULL;
    if (where->root && *where->root) {
        char tag[17];
        rj_root_tag(where->root, tag);
        rj_text text = RJ_TEXT_EMPTY;
        rj_text_addf(&text, "Software\\RealmJoin-Roots\\%s\\%s\\%s", tag, hive_name(where->hive),
                     where->key);
        moved = rj_text_take(&text);
        if (!moved)
            return rj_fail_memory(err, "opening a registry key");
        *ret_hive = HKEY_CURRENT_USER;
    }
    *ret_name = rj_wide(moved ? moved : where->key);
    rj_free(moved);
    if (*ret_name)
        return RJ_OK;
    return fail_key(where, GetLastError(), "opened", err);
}

/* Our own hive is not meant: in it we have its user's rights and no more; nor is the list of hives, which
 * is the system's. */
static bool is_of_user(const rj_registry_key *where)
{
    return where->hive == RJ_HIVE_USERS && *where->key;
}

static rj_status open_key(const rj_registry_key *where, bool create, HKEY *ret_key, rj_error *err)
{
    HKEY hive = NULL;
    HKEY key = NULL;
    wchar_t *name = NULL;
    rj_status status = place_of(where, &hive, &name, err);
    if (status)
        return status;
    REGSAM access = KEY_READ | (create ? KEY_WRITE : 0);
    LSTATUS code = is_of_user(where) ? rj_registry_walk(hive, name, access, create, &key)
                   : create ? RegCreateKeyExW(hive, name, 0, NULL, 0, access | KEY_WOW64_64KEY,
                                              NULL, &key, NULL)
                            : RegOpenKeyExW(hive, name, 0, access | KEY_WOW64_64KEY, &key);
    rj_free(name);
    if (code)
        return fail_key(where, (DWORD)code, create ? "made" : "opened", err);
    *ret_key = key;
    return RJ_OK;
}

rj_status rj_registry_open(const char *root, rj_hive hive, const char *subkey, bool create,
                           HKEY *ret_key, rj_error *err)
{
    rj_registry_key where = {root, hive, subkey};
    return open_key(&where, create, ret_key, err);
}

static LSTATUS remove_tree(HKEY hive, const wchar_t *name)
{
    HKEY key = NULL;
    LSTATUS code =
        RegOpenKeyExW(hive, name, 0, DELETE | KEY_READ | KEY_WRITE | KEY_WOW64_64KEY, &key);
    if (code)
        return code;
    code = RegDeleteTreeW(key, NULL);
    RegCloseKey(key);
    return code ? code : RegDeleteKeyExW(hive, name, KEY_WOW64_64KEY, 0);
}

rj_status rj_registry_remove_key(const rj_registry_key *where, rj_error *err)
{
    HKEY hive = NULL;
    wchar_t *name = NULL;
    if (!*where->key) /* an empty name would clear the whole hive */
        return rj_fail(err, RJ_E_INVALID, "no name is given of the registry key to be removed");
    rj_status status = place_of(where, &hive, &name, err);
    if (status)
        return status;
    LSTATUS code =
        is_of_user(where) ? rj_registry_walk_remove(hive, name) : remove_tree(hive, name);
    rj_free(name);
    if (code && code != ERROR_FILE_NOT_FOUND)
        return fail_key(where, (DWORD)code, "removed", err);
    return RJ_OK;
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* The bytes of a value with two bytes of zero behind them (rj_free).  RJ_E_LIMIT: its type and size are
 * told. */
static rj_status read_value(const rj_registry_key *where, const char *name, DWORD *ret_type,
                            unsigned char **ret_bytes, DWORD *ret_size, rj_error *err)
{
    HKEY key = NULL;
    rj_status status = open_key(where, false, &key, err);
    if (status)
        return status;
    wchar_t *wide = rj_wide(name);
    DWORD size = TEXT_MAX_BYTES;
    unsigned char *bytes = wide ? rj_malloc(size + 2) : NULL;
    if (!bytes) {
        status = rj_fail_memory(err, "reading a registry value");
        goto out;
    }
    LSTATUS code = RegQueryValueExW(key, wide, NULL, ret_type, bytes, &size);
    *ret_size = size;
    if (code == ERROR_MORE_DATA) {
        status = rj_fail(err, RJ_E_LIMIT, "registry value %s\\%s\\%s is larger than %u bytes",
                         hive_name(where->hive), where->key, name, TEXT_MAX_BYTES);
    } else if (code) {
        status = fail_value(where, name, (DWORD)code, "read", err);
    } else {
        bytes[size] = bytes[size + 1] = 0;
        *ret_bytes = bytes;
        bytes = NULL;
    }
out:
    RegCloseKey(key);
    rj_free(wide);
    rj_free(bytes);
    return status;
}

static rj_status wrong_type(const rj_registry_key *where, const char *name, DWORD type, DWORD size,
                            const char *wanted, rj_error *err)
{
    static const char *const names[] = {"REG_NONE",
                                        "REG_SZ",
                                        "REG_EXPAND_SZ",
                                        "REG_BINARY",
                                        "REG_DWORD",
                                        "REG_DWORD_BIG_ENDIAN",
                                        "REG_LINK",
                                        "REG_MULTI_SZ",
                                        "REG_RESOURCE_LIST",
                                        "REG_FULL_RESOURCE_DESCRIPTOR",
                                        "REG_RESOURCE_REQUIREMENTS_LIST",
                                        "REG_QWORD"};
    char number[24];
    snprintf(number, sizeof number, "number %lu", (unsigned long)type);
    return rj_fail(
        err, RJ_E_INVALID,
        "registry value %s\\%s\\%s has the wrong type: it is a %s of %lu bytes and must be "
        "a %s",
        hive_name(where->hive), where->key, name,
        type < sizeof names / sizeof *names ? names[type] : number, (unsigned long)size, wanted);
}

rj_status rj_registry_get_u32(const rj_registry_key *where, const char *name, uint32_t *ret_value,
                              rj_error *err)
{
    DWORD type = 0;
    DWORD size = 0;
    unsigned char *bytes = NULL;
    rj_status status = read_value(where, name, &type, &bytes, &size, err);
    if (status == RJ_E_LIMIT)
        status = wrong_type(where, name, type, size, "REG_DWORD of 4", err);
    if (status)
        return status;
    if (type == REG_DWORD && size == sizeof *ret_value)
        memcpy(ret_value, bytes, sizeof *ret_value);
    else
        status = wrong_type(where, name, type, size, "REG_DWORD of 4", err);
    rj_free(bytes);
    return status;
}

/* Others would read on behind the end that we see. */
static bool is_one_text(const wchar_t *text, size_t length)
{
    size_t end = wcsnlen(text, length);
    while (end < length && !text[end])
        end++;
    return end == length;
}

rj_status rj_registry_get_text(const rj_registry_key *where, const char *name, char **ret_text,
                               rj_error *err)
{
    DWORD type = 0;
    DWORD size = 0;
    unsigned char *bytes = NULL;
    rj_status status = read_value(where, name, &type, &bytes, &size, err);
    if (status)
        return status;
    const wchar_t *wide = (const wchar_t *)(const void *)bytes;
    if (type == REG_SZ && size % sizeof *wide == 0 && is_one_text(wide, size / sizeof *wide)) {
        char *text = rj_utf8(wide);
        if (text)
            *ret_text = text;
        else
            status = rj_fail_memory(err, "reading a registry value");
    } else {
        status = wrong_type(where, name, type, size, "REG_SZ that ends at its first NUL", err);
    }
    rj_free(bytes);
    return status;
}

static rj_status write_value(const rj_registry_key *where, const char *name, DWORD type,
                             const void *bytes, size_t size, rj_error *err)
{
    HKEY key = NULL;
    rj_status status = open_key(where, true, &key, err);
    if (status)
        return status;
    wchar_t *wide = rj_wide(name);
    LSTATUS code =
        wide ? RegSetValueExW(key, wide, 0, type, bytes, (DWORD)size) : (LSTATUS)GetLastError();
    if (code)
        status = fail_value(where, name, (DWORD)code, "written", err);
    RegCloseKey(key);
    rj_free(wide);
    return status;
}

rj_status rj_registry_set_u32(const rj_registry_key *where, const char *name, uint32_t value,
                              rj_error *err)
{
    return write_value(where, name, REG_DWORD, &value, sizeof value, err);
}

rj_status rj_registry_set_text(const rj_registry_key *where, const char *name, const char *text,
                               rj_error *err)
{
    wchar_t *wide = rj_wide(text);
    if (!wide)
        return fail_value(where, name, GetLastError(), "written", err);
    size_t size = (wcslen(wide) + 1) * sizeof *wide;
    rj_status status =
        size > TEXT_MAX_BYTES
            ? rj_fail(err, RJ_E_LIMIT, "text for registry value %s\\%s\\%s is too long",
                      hive_name(where->hive), where->key, name)
            : write_value(where, name, REG_SZ, wide, size, err);
    rj_free(wide);
    return status;
}

rj_status rj_registry_remove_value(const rj_registry_key *where, const char *name, rj_error *err)
{
    HKEY hive = NULL;
    HKEY key = NULL;
    wchar_t *path = NULL;
    rj_status status = place_of(where, &hive, &path, err);
    if (status)
        return status;
    wchar_t *wide = rj_wide(name);
    LSTATUS code = !wide ? (LSTATUS)GetLastError()
                   : is_of_user(where)
                       ? rj_registry_walk(hive, path, KEY_WRITE, false, &key)
                       : RegOpenKeyExW(hive, path, 0, KEY_WRITE | KEY_WOW64_64KEY, &key);
    if (!code) {
        code = RegDeleteValueW(key, wide);
        RegCloseKey(key);
    }
    if (code && code != ERROR_FILE_NOT_FOUND)
        status = fail_value(where, name, (DWORD)code, "removed", err);
    rj_free(wide);
    rj_free(path);
    return status;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static LSTATUS next_name(HKEY key, DWORD index, bool values, wchar_t *name)
{
    DWORD size = NAME_MAX_WIDE;
    return values ? RegEnumValueW(key, index, name, &size, NULL, NULL, NULL, NULL)
                  : RegEnumKeyExW(key, index, name, &size, NULL, NULL, NULL, NULL);
}

static rj_status list_names(const rj_registry_key *where, bool values, size_t max_names,
                            char ***ret_names, size_t *ret_count, rj_error *err)
{
    HKEY key = NULL;
    rj_status status = open_key(where, false, &key, err);
    if (status && status != RJ_E_NOT_FOUND)
        return status;
    status = RJ_OK;
    rj_text names = RJ_TEXT_EMPTY;
    size_t count = 0;
    wchar_t *name = rj_malloc(NAME_MAX_WIDE * sizeof *name);
    LSTATUS code = name && key ? ERROR_SUCCESS : ERROR_NO_MORE_ITEMS;
    while (!status && !code && !(code = next_name(key, (DWORD)count, values, name))) {
        char *text = rj_utf8(name);
        if (count == max_names)
            status = rj_fail(err, RJ_E_LIMIT, "registry key %s\\%s holds more than %zu names",
                             hive_name(where->hive), where->key, max_names);
        if (text)
            rj_text_append(&names, text, strlen(text) + 1);
        else
            names.failed = true;
        rj_free(text);
        count++;
    }
    if (!status && code != ERROR_NO_MORE_ITEMS)
        status = fail_key(where, (DWORD)code, "read", err);
    if (!status) {
        char **list = name ? rj_name_list_new(&names, count) : NULL;
        if (list) {
            *ret_names = list;
            *ret_count = count;
        } else {
            status = rj_fail_memory(err, "listing a registry key");
        }
    }
    if (key)
        RegCloseKey(key);
    rj_free(name);
    rj_text_free(&names);
    return status;
}

rj_status rj_registry_list_keys(const rj_registry_key *where, size_t max_names, char ***ret_names,
                                size_t *ret_count, rj_error *err)
{
    return list_names(where, false, max_names, ret_names, ret_count, err);
}

rj_status rj_registry_list_values(const rj_registry_key *where, size_t max_names, char ***ret_names,
                                  size_t *ret_count, rj_error *err)
{
    return list_names(where, true, max_names, ret_names, ret_count, err);
}
