/* SPDX-License-Identifier: MIT */
/* Whether what is written to a block device is encrypted; see block_device.h. */
#include "block_device.h"

#include <stdio.h>
#include <string.h>

#include "bounded_file.h"

#define MAX_DEPTH 16
#define MAX_VISITS 256
#define MAX_SLAVES 128
#define MAX_FILE_SYSTEMS 64
#define MAX_MAPPINGS 4096
#define MAX_LINKS 8

typedef struct device_walk {
    const char *root;
    unsigned visits;
    block_finding *finding;
} device_walk;

static block_verdict conclude(device_walk *walk, block_verdict verdict, const char *source,
                              const char *found, const char *means)
{
    snprintf(walk->finding->source, sizeof walk->finding->source, "%s", source);
    snprintf(walk->finding->found, sizeof walk->finding->found, "%s", found);
    snprintf(walk->finding->means, sizeof walk->finding->means, "%s", means);
    return verdict;
}

/* dm-crypt's formats; "CRYPT-VERITY-" and "CRYPT-INTEGRITY-" protect, but do not encrypt. */
static bool is_crypt_uuid(const char *uuid)
{
    static const char *const formats[] = {"LUKS1-", "LUKS2-",  "PLAIN-",   "BITLK-",
                                          "TCRYPT", "LOOPAES", "FVAULT2-", NULL};

    if (strncmp(uuid, "CRYPT-", 6) != 0)
        return false;
    for (size_t i = 0; formats[i]; i++)
        if (strncmp(uuid + 6, formats[i], strlen(formats[i])) == 0)
            return true;
    return false;
}

static block_verdict judge(device_walk *walk, const char *device, unsigned depth);

/* The worst of all slaves; *ret_none is set when there are none. */
static block_verdict judge_slaves(device_walk *walk, const char *device, unsigned depth,
                                  bool *ret_none)
{
    block_verdict worst = BLOCK_ENCRYPTED;
    block_finding deciding = *walk->finding;
    char path[sizeof walk->finding->source];
    file_names slaves;
    file_outcome outcome;

    *ret_none = false;
    if (snprintf(path, sizeof path, "%s/slaves", device) >= (int)sizeof path)
        return conclude(walk, BLOCK_UNKNOWN, device, "a very long path", "too deep to follow");
    outcome = bounded_file_list(walk->root, path, MAX_SLAVES, &slaves);
    if (outcome != FILE_READ && outcome != FILE_MISSING)
        return conclude(walk, BLOCK_UNKNOWN, path, file_outcome_text(outcome),
                        "what lies beneath this device is not known");
    if (outcome == FILE_MISSING || slaves.count == 0) {
        if (outcome == FILE_READ)
            file_names_free(&slaves);
        *ret_none = true;
        return BLOCK_UNKNOWN;
    }
    for (size_t i = 0; i < slaves.count && worst != BLOCK_PLAIN; i++) {
        block_verdict verdict = BLOCK_UNKNOWN;

        if (snprintf(path, sizeof path, "%s/slaves/%s", device, slaves.names[i]) < (int)sizeof path)
            verdict = judge(walk, path, depth + 1);
        else
            conclude(walk, BLOCK_UNKNOWN, device, "a very long path", "too deep to follow");
        if (i == 0 || verdict > worst) {
            worst = verdict;
            deciding = *walk->finding;
        }
    }
    file_names_free(&slaves);
    *walk->finding = deciding;
    return worst;
}

/* zram: in memory unless it may write to a device behind it. */
static block_verdict judge_zram(device_walk *walk, const char *device)
{
    char path[sizeof walk->finding->source + 16], text[200] = "none";

    snprintf(path, sizeof path, "%s/backing_dev", device);
    bounded_file_head(walk->root, path, text, sizeof text);
    if (strcmp(text, "none") != 0)
        return conclude(walk, BLOCK_UNKNOWN, path, text,
                        "compressed memory that may be written to another device");
    return conclude(walk, BLOCK_IN_MEMORY, device, "zram", "compressed memory, no disk");
}

/* A device that stands on no other one. */
static block_verdict judge_lowest(device_walk *walk, const char *device, const char *uuid,
                                  unsigned depth)
{
    char path[sizeof walk->finding->source + 32], text[200];

    if (uuid[0])
        return conclude(walk, BLOCK_UNKNOWN, device, uuid,
                        "a device-mapper device with nothing beneath it");
    snprintf(path, sizeof path, "%s/comp_algorithm", device);
    if (bounded_file_exists(walk->root, path) == FILE_READ)
        return judge_zram(walk, device);
    snprintf(path, sizeof path, "%s/loop/backing_file", device);
    if (bounded_file_head(walk->root, path, text, sizeof text) == FILE_READ)
        return conclude(walk, BLOCK_UNKNOWN, path, text,
                        "a file used as a disk: the disk it lies on was not judged");
    /* a partition is as the whole disk, which may be an array or a mapping */
    snprintf(path, sizeof path, "%s/partition", device);
    if (bounded_file_exists(walk->root, path) == FILE_READ) {
        snprintf(path, sizeof path, "%s/../slaves", device);
        if (bounded_file_exists(walk->root, path) == FILE_READ) {
            snprintf(path, sizeof path, "%s/..", device);
            return judge(walk, path, depth + 1);
        }
    }
    return conclude(walk, BLOCK_PLAIN, device, "no dm-crypt layer, no device beneath",
                    "written to the disk as it is");
}

static block_verdict judge(device_walk *walk, const char *device, unsigned depth)
{
    char path[sizeof walk->finding->source], uuid[200] = "";
    block_verdict verdict;
    file_outcome outcome;
    bool lowest;

    if (depth > MAX_DEPTH || ++walk->visits > MAX_VISITS)
        return conclude(walk, BLOCK_UNKNOWN, device, "devices on devices without an end",
                        "the device tree is too deep to follow");
    outcome = bounded_file_exists(walk->root, device);
    if (outcome != FILE_READ)
        return conclude(walk, BLOCK_UNKNOWN, device, file_outcome_text(outcome),
                        "the device is not in the device tree");
    snprintf(path, sizeof path, "%s/dm/uuid", device);
    outcome = bounded_file_head(walk->root, path, uuid, sizeof uuid);
    if (outcome != FILE_READ && outcome != FILE_MISSING)
        return conclude(walk, BLOCK_UNKNOWN, path, file_outcome_text(outcome),
                        "whether the device is encrypted is not known");
    if (is_crypt_uuid(uuid))
        return conclude(walk, BLOCK_ENCRYPTED, path, uuid, "encrypted by dm-crypt");
    verdict = judge_slaves(walk, device, depth, &lowest);
    if (!lowest)
        return verdict;
    if (outcome == FILE_READ && !uuid[0])
        return conclude(walk, BLOCK_UNKNOWN, path, "",
                        "a device-mapper device that does not say who made it");
    return judge_lowest(walk, device, uuid, depth);
}

block_verdict block_device_judge(const char *root, unsigned major, unsigned minor,
                                 block_finding *ret_finding)
{
    device_walk start = {.root = root, .finding = ret_finding};
    char device[64];

    snprintf(device, sizeof device, "/sys/dev/block/%u:%u", major, minor);
    return judge(&start, device, 0);
}

block_verdict block_device_judge_name(const char *root, const char *name,
                                      block_finding *ret_finding)
{
    device_walk start = {.root = root, .finding = ret_finding};
    char device[300];

    snprintf(device, sizeof device, "/sys/class/block/%.255s", name);
    return judge(&start, device, 0);
}

block_verdict block_device_judge_btrfs(const char *root, const char *name,
                                       block_finding *ret_finding)
{
    block_verdict worst = BLOCK_ENCRYPTED;
    file_names systems, devices;
    char path[700];

    if (bounded_file_list(root, "/sys/fs/btrfs", MAX_FILE_SYSTEMS, &systems) != FILE_READ)
        return block_device_judge_name(root, name, ret_finding);
    devices = (file_names){0};
    for (size_t i = 0; i < systems.count && !devices.count; i++) {
        snprintf(path, sizeof path, "/sys/fs/btrfs/%s/devices/%s", systems.names[i], name);
        if (bounded_file_exists(root, path) != FILE_READ)
            continue;
        snprintf(path, sizeof path, "/sys/fs/btrfs/%s/devices", systems.names[i]);
        if (bounded_file_list(root, path, MAX_SLAVES, &devices) != FILE_READ)
            break;
    }
    file_names_free(&systems);
    if (!devices.count)
        return block_device_judge_name(root, name, ret_finding);
    for (size_t i = 0; i < devices.count && worst != BLOCK_PLAIN; i++) {
        block_finding finding;
        block_verdict verdict = block_device_judge_name(root, devices.names[i], &finding);

        if (i == 0 || verdict > worst) {
            worst = verdict;
            *ret_finding = finding;
        }
    }
    file_names_free(&devices);
    return worst;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_known(const char *root, const char *name)
{
    char path[300];

    if (!name[0] || strlen(name) > 255 || strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
        return false;
    snprintf(path, sizeof path, "/sys/class/block/%s", name);
    return bounded_file_exists(root, path) == FILE_READ;
}

/* Where udev makes no links, the kernel still knows the name of each mapping. */
static bool find_mapping(const char *root, const char *mapping, char *ret_name, size_t size)
{
    bool found = false;
    file_names devices;
    char path[300], text[256];

    if (bounded_file_list(root, "/sys/class/block", MAX_MAPPINGS, &devices) != FILE_READ)
        return false;
    for (size_t i = 0; i < devices.count && !found; i++) {
        if (strncmp(devices.names[i], "dm-", 3) != 0)
            continue;
        snprintf(path, sizeof path, "/sys/class/block/%s/dm/name", devices.names[i]);
        found = bounded_file_head(root, path, text, sizeof text) == FILE_READ &&
                strcmp(text, mapping) == 0 &&
                snprintf(ret_name, size, "%s", devices.names[i]) < (int)size;
    }
    file_names_free(&devices);
    return found;
}

bool block_device_name(const char *root, const char *path, char *ret_name, size_t size)
{
    static const char mapper[] = "/dev/mapper/";
    char at[512], target[512];

    if (strncmp(path, "/dev/", 5) != 0 || snprintf(at, sizeof at, "%s", path) >= (int)sizeof at)
        return false;
    for (unsigned i = 0; i < MAX_LINKS; i++) {
        if (bounded_file_link(root, at, target, sizeof target) != FILE_READ)
            break;
        if (is_known(root, last_part(target)) || target[0] == '/') {
            memcpy(at, target, strlen(target) + 1);
        } else {
            char next[sizeof at + sizeof target];

            snprintf(next, sizeof next, "%.*s/%s", (int)(last_part(at) - at), at, target);
            if (strlen(next) >= sizeof at)
                return false;
            memcpy(at, next, strlen(next) + 1);
        }
    }
    if (is_known(root, last_part(at)))
        return snprintf(ret_name, size, "%s", last_part(at)) < (int)size;
    return strncmp(path, mapper, sizeof mapper - 1) == 0 &&
           find_mapping(root, path + sizeof mapper - 1, ret_name, size);
}
