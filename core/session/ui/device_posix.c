/* SPDX-License-Identifier: MIT */
/* Facts of this device on Linux: what the firmware says of itself, and the network's addresses. */
#include "session/ui/device_system.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/file.h"
#include "platform/system.h"
#include "session/ui/model.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ADDRESSES_MAX 8u

const char *const rj_ui_platform = "linux";
json_t *(*const rj_ui_device_ask_directory)(const char *root) = NULL;

static void set_from_file(json_t *device, const char *key, const char *root, const char *path)
{
    rj_text whole = RJ_TEXT_EMPTY;
    char *bytes = NULL;
    size_t length = 0;
    rj_text_addf(&whole, "%s%s", root, path);
    char *place = rj_text_take(&whole);
    if (place && rj_file_read(place, 4096, &bytes, &length, NULL) == RJ_OK) {
        rj_utf8_repair(bytes, length);
        while (length && strchr(" \r\n\t", bytes[length - 1]))
            length--;
        if (length)
            json_object_set_new(device, key, json_stringn(bytes, length));
    }
    rj_free(bytes);
    rj_free(place);
}

static bool is_shown(const struct ifaddrs *at)
{
    const struct sockaddr *address = at->ifa_addr;
    if (!address || !(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_LOOPBACK))
        return false;
    if (address->sa_family == AF_INET)
        return true;
    return address->sa_family == AF_INET6 &&
           !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static void set_addresses(json_t *device)
{
    struct ifaddrs *all = NULL;
    json_t *list = json_array();
    if (getifaddrs(&all) != 0)
        all = NULL;
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        char text[INET6_ADDRSTRLEN] = "";
        if (!is_shown(at) || json_array_size(list) >= ADDRESSES_MAX)
            continue;
        const void *bytes =
            at->ifa_addr->sa_family == AF_INET
                ? (const void *)&((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr
                : &((const struct sockaddr_in6 *)(const void *)at->ifa_addr)->sin6_addr;
        if (inet_ntop(at->ifa_addr->sa_family, bytes, text, sizeof text))
            json_array_append_new(list, json_string(text));
    }
    if (all)
        freeifaddrs(all);
    json_object_set_new(device, "addresses", list);
}

json_t *rj_ui_device_gather(const char *root)
{
    char name[256];
    json_t *device = json_object();
    set_from_file(device, "manufacturer", root, "/sys/class/dmi/id/sys_vendor");
    set_from_file(device, "model", root, "/sys/class/dmi/id/product_name");
    json_object_set_new(device, "computer", json_string(rj_system_host_name(name, sizeof name)));
    json_object_set_new(device, "user",
                        json_string(rj_system_user_name(rj_system_uid(), name, sizeof name)));
    set_addresses(device);
    return device;
}
