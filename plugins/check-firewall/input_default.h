/* SPDX-License-Identifier: MIT */
/*
 * What becomes of an incoming packet that no rule names: the default of the input hook.
 *
 * A packet passes every base chain of the hook, so one that denies is enough.  Inside a chain the
 * first rule without conditions decides, through jumps, and else the chain's policy.  Rules with
 * conditions are exceptions and are not weighed.
 */
#ifndef PLUGINS_CHECK_FIREWALL_INPUT_DEFAULT_H
#define PLUGINS_CHECK_FIREWALL_INPUT_DEFAULT_H

#include "nft_ruleset.h"

typedef enum input_default {
    INPUT_UNFILTERED, /* no chain looks at incoming packets */
    INPUT_ACCEPTED,   /* chains look, none denies */
    INPUT_DENIED,
    INPUT_UNDECIDED, /* too many jumps to follow */
} input_default;

/* For NFT_FAMILY_IPV4 or NFT_FAMILY_IPV6; *ret_chain is the chain that decided, or NULL. */
input_default input_default_find(const nft_ruleset *ruleset, uint8_t family,
                                 const nft_chain **ret_chain);

#endif
