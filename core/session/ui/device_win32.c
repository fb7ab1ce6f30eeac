/* SPDX-License-Identifier: MIT */
/*
 * Facts of this device on Windows: what the firmware says of itself, the network's addresses and what it
 * costs, and who is signed in.
 */
#include "session/ui/device_system.h"

#include "base/alloc.h"
#include "platform/win32/account_win32.h"
#include "session/ui/joiner_win32.h"
#include "session/ui/model.h"

#include <winsock2.h>

#include <iphlpapi.h>
#include <string.h>
#include <windows.h>
#include <ws2tcpip.h>

#define ADDRESSES_MAX 8u
#define TABLE_MAX (256u * 1024)

const char *const rj_ui_platform = "windows";

static void set_wide(json_t *device, const char *key, const wchar_t *wide)
{
    char text[512];
    if (wide[0] && WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, sizeof text, NULL, NULL) > 1)
        json_object_set_new(device, key, json_string(text));
}

static void set_from_registry(json_t *device, const char *key, const wchar_t *name)
{
    wchar_t text[256] = L"";
    DWORD size = sizeof text;
    if (RegGetValueW(HKEY_LOCAL_MACHINE, L"HARDWARE\\DESCRIPTION\\System\\BIOS", name,
                     RRF_RT_REG_SZ, NULL, text, &size) == ERROR_SUCCESS)
        set_wide(device, key, text);
}

static void add_address(json_t *list, const SOCKET_ADDRESS *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *where = address->lpSockaddr;
    const void *bytes = NULL;
    if (where->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)where)->sin_addr;
    else if (where->sa_family == AF_INET6 &&
             !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)where)->sin6_addr))
        bytes = &((const struct sockaddr_in6 *)(const void *)where)->sin6_addr;
    if (bytes && json_array_size(list) < ADDRESSES_MAX &&
        inet_ntop(where->sa_family, (void *)(uintptr_t)bytes, text, sizeof text))
        json_array_append_new(list, json_string(text));
}

static void set_addresses(json_t *device)
{
    ULONG size = TABLE_MAX;
    IP_ADAPTER_ADDRESSES *all = rj_calloc(1, size);
    const ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    json_t *list = json_array();
    if (all && GetAdaptersAddresses(AF_UNSPEC, flags, NULL, all, &size) == NO_ERROR) {
        for (const IP_ADAPTER_ADDRESSES *at = all; at; at = at->Next) {
            if (at->IfType == IF_TYPE_SOFTWARE_LOOPBACK || at->OperStatus != IfOperStatusUp)
                continue;
            for (const IP_ADAPTER_UNICAST_ADDRESS *one = at->FirstUnicastAddress; one;
                 one = one->Next)
                add_address(list, &one->Address);
        }
    }
    rj_free(all);
    json_object_set_new(device, "addresses", list);
}

/* As NL_NETWORK_CONNECTIVITY_HINT, of Windows 10 2004 and later. */
typedef struct connectivity {
    int level, cost;
    BOOLEAN near_limit, over_limit, roaming;
} connectivity;

enum { COST_FIXED = 2, COST_VARIABLE = 3 };

/* Where Windows does not say, nothing is said. */
static void set_metered(json_t *device)
{
    DWORD(WINAPI * ask)(connectivity *) = NULL;
    connectivity found = {0};
    FARPROC address =
        GetProcAddress(GetModuleHandleW(L"iphlpapi.dll"), "GetNetworkConnectivityHint");
    memcpy(&ask, &address, sizeof ask);
    if (ask && ask(&found) == NO_ERROR)
        json_object_set_new(device, "metered",
                            json_boolean(found.cost == COST_FIXED || found.cost == COST_VARIABLE));
}

/* `principal` is taken. */
static void set_principal(json_t *device, const char *root, char *principal)
{
    json_object_set_new(device, "user", json_string(principal));
    json_object_set_new(device, "owner", json_boolean(rj_ui_has_joined(root, principal)));
    rj_free(principal);
}

static json_t *ask_directory(const char *root)
{
    char *principal = rj_ui_principal_of_directory(root);
    json_t *device = principal ? json_object() : NULL;
    if (device)
        set_principal(device, root, principal);
    else
        rj_free(principal);
    return device;
}

json_t *(*const rj_ui_device_ask_directory)(const char *root) = ask_directory;

static void set_user(json_t *device, const char *root)
{
    char *sid = NULL, *principal = NULL;
    wchar_t name[257] = L"";
    DWORD size = sizeof name / sizeof *name;
    if (rj_account_token_sid(NULL, &sid, NULL) == RJ_OK)
        principal = rj_ui_principal_name(root, sid);
    rj_free(sid);
    if (principal)
        set_principal(device, root, principal);
    else if (GetUserNameW(name, &size)) /* to look its SID up might ask somebody, too */
        set_wide(device, "user", name);
}

json_t *rj_ui_device_gather(const char *root)
{
    wchar_t name[256];
    DWORD size = sizeof name / sizeof *name;
    json_t *device = json_object();
    set_from_registry(device, "manufacturer", L"SystemManufacturer");
    set_from_registry(device, "model", L"SystemProductName");
    if (GetComputerNameExW(ComputerNameDnsHostname, name, &size))
        set_wide(device, "computer", name);
    set_user(device, root);
    set_addresses(device);
    set_metered(device);
    return device;
}
