/* SPDX-License-Identifier: MIT */
/*
 * The kernel's nftables rule set as raw netlink messages: tables, then chains, then rules.
 *
 * Happy path: three dumps on one socket, appended to one buffer, each ended by its "done" message.
 * Failure modes: a reason in words; no answer within the time limit, more than NFT_DUMP_LIMIT bytes
 * and an inconsistent dump (the rules changed meanwhile, tried anew a few times) are among them.
 */
#ifndef PLUGINS_CHECK_FIREWALL_NFT_DUMP_H
#define PLUGINS_CHECK_FIREWALL_NFT_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#define NFT_DUMP_LIMIT ((size_t)16 * 1024 * 1024)

/* NULL on success, else the reason.  `stop` is asked while waiting.  The caller frees the bytes. */
const char *nft_dump_live(bool (*stop)(const void *data), const void *data, char **ret_bytes,
                          size_t *ret_length);

#endif
