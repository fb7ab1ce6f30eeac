/* SPDX-License-Identifier: MIT */
/* Opening a path as if a folder were "/", where the kernel cannot be asked to (openat2). */
#ifndef RJ_EVIDENCE_IN_ROOT_POSIX_H
#define RJ_EVIDENCE_IN_ROOT_POSIX_H

/* Like open() after chroot(): neither links nor ".." lead out.  `root` is a descriptor of the folder and
 * stays open.  -1: errno says why. */
int in_root_open(int root, const char *path, int flags);

#endif
