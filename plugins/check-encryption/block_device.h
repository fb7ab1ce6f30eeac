/* SPDX-License-Identifier: MIT */
/*
 * Whether what is written to a block device is encrypted, from the device tree in /sys.
 *
 * A device-mapper device whose uuid says that dm-crypt made it is encrypted.  Any other device is as
 * its slaves are: encrypted if every one is.  A device without slaves that is no device-mapper
 * device is plain.
 * Failure modes: an unreadable or contradictory tree is BLOCK_UNKNOWN with a reason; depth and the
 * number of devices looked at are bounded, so cycles end.
 */
#ifndef PLUGINS_CHECK_ENCRYPTION_BLOCK_DEVICE_H
#define PLUGINS_CHECK_ENCRYPTION_BLOCK_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

/* In the order in which a later one outweighs an earlier one. */
typedef enum block_verdict {
    BLOCK_ENCRYPTED,
    BLOCK_IN_MEMORY, /* zram: nothing reaches a disk */
    BLOCK_UNKNOWN,
    BLOCK_PLAIN,
} block_verdict;

typedef struct block_finding {
    char source[512]; /* the file that decided */
    char found[256];
    char means[256];
} block_finding;

/* By number, as in mountinfo. */
block_verdict block_device_judge(const char *root, unsigned major, unsigned minor,
                                 block_finding *ret_finding);
/* By kernel name, as in /sys/class/block. */
block_verdict block_device_judge_name(const char *root, const char *name,
                                      block_finding *ret_finding);
/* Kernel name ("sda2", "dm-0") of a path below /dev; false: cannot be told. */
bool block_device_name(const char *root, const char *path, char *ret_name, size_t size);
/* All devices of the btrfs file system that has this device: encrypted if every one is. */
block_verdict block_device_judge_btrfs(const char *root, const char *name,
                                       block_finding *ret_finding);

#endif
