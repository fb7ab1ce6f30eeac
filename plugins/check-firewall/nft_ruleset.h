/* SPDX-License-Identifier: MIT */
/*
 * An nftables rule set, from raw netlink messages: what is needed to tell what becomes of a packet
 * that no rule names.
 *
 * Happy path: nft_ruleset_parse() -> look -> nft_ruleset_free().
 * Failure modes: messages that contradict their lengths, or that end before the three dumps are
 * done, give a reason.  Attributes that are not known are skipped, as netlink demands.
 */
#ifndef PLUGINS_CHECK_FIREWALL_NFT_RULESET_H
#define PLUGINS_CHECK_FIREWALL_NFT_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_FAMILY_INET 1
#define NFT_FAMILY_IPV4 2
#define NFT_FAMILY_IPV6 10

typedef struct nft_table {
    uint8_t family;
    bool dormant; /* switched off: its chains see no packets */
    const char *name;
} nft_table;

typedef struct nft_chain {
    uint8_t family;
    bool filters_input; /* a base chain of type filter at the input hook */
    bool policy_drop;
    const char *table;
    const char *name;
} nft_chain;

/* What a rule does with every packet.  A rule with conditions does nothing with every packet. */
typedef enum nft_effect {
    NFT_EFFECT_NONE,
    NFT_EFFECT_ACCEPT,
    NFT_EFFECT_DENY, /* drop or reject */
    NFT_EFFECT_JUMP,
    NFT_EFFECT_GOTO,
    NFT_EFFECT_RETURN,
} nft_effect;

typedef struct nft_rule {
    uint8_t family;
    nft_effect effect; /* never NONE: such rules are not kept */
    const char *table;
    const char *chain;
    const char *target; /* of JUMP and GOTO */
} nft_rule;

typedef struct nft_ruleset {
    nft_table *tables;
    nft_chain *chains;
    nft_rule *rules; /* in the order in which the kernel looks at them, chain by chain */
    size_t table_count, chain_count, rule_count;
    size_t rules_seen; /* with those not kept */
} nft_ruleset;

/* NULL on success, else the reason.  `bytes` must live as long as the rule set. */
const char *nft_ruleset_parse(nft_ruleset *ret_ruleset, const char *bytes, size_t length);
void nft_ruleset_free(nft_ruleset *ruleset);

#endif
