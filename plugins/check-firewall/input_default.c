/* SPDX-License-Identifier: MIT */
/* What becomes of an incoming packet that no rule names; see input_default.h. */
#include "input_default.h"

#include <string.h>

#define MAX_DEPTH 16
#define MAX_STEPS 4000000 /* rules looked at in all */

typedef enum outcome { PASSED, ACCEPTED, DENIED, UNDECIDED } outcome;

typedef struct walk_state {
    const nft_ruleset *ruleset;
    const nft_chain *base;
    size_t steps;
} walk_state;

static bool is_of(const nft_rule *rule, const nft_chain *base, const char *chain)
{
    return rule->family == base->family && strcmp(rule->chain, chain) == 0 &&
           strcmp(rule->table, base->table) == 0;
}

static outcome follow(walk_state *walk, const char *chain, unsigned depth)
{
    if (depth > MAX_DEPTH)
        return UNDECIDED;
    for (size_t i = 0; i < walk->ruleset->rule_count; i++) {
        const nft_rule *rule = &walk->ruleset->rules[i];
        outcome inner = PASSED;

        if (++walk->steps > MAX_STEPS)
            return UNDECIDED;
        if (!is_of(rule, walk->base, chain))
            continue;
        switch (rule->effect) {
        case NFT_EFFECT_ACCEPT:
            return ACCEPTED;
        case NFT_EFFECT_DENY:
            return DENIED;
        case NFT_EFFECT_RETURN:
            return PASSED;
        case NFT_EFFECT_GOTO:
            return follow(walk, rule->target, depth + 1);
        case NFT_EFFECT_JUMP:
            inner = follow(walk, rule->target, depth + 1);
            break;
        case NFT_EFFECT_NONE:
            break;
        }
        if (inner != PASSED)
            return inner;
    }
    return PASSED;
}

static bool is_dormant(const nft_ruleset *ruleset, const nft_chain *chain)
{
    for (size_t i = 0; i < ruleset->table_count; i++)
        if (ruleset->tables[i].family == chain->family &&
            strcmp(ruleset->tables[i].name, chain->table) == 0)
            return ruleset->tables[i].dormant;
    return false;
}

input_default input_default_find(const nft_ruleset *ruleset, uint8_t family,
                                 const nft_chain **ret_chain)
{
    walk_state walk = {.ruleset = ruleset};
    input_default found = INPUT_UNFILTERED;

    *ret_chain = NULL;
    for (size_t i = 0; i < ruleset->chain_count; i++) {
        const nft_chain *chain = &ruleset->chains[i];
        outcome what;

        if (!chain->filters_input || is_dormant(ruleset, chain) ||
            (chain->family != family && chain->family != NFT_FAMILY_INET))
            continue;
        walk.base = chain;
        what = follow(&walk, chain->name, 0);
        if (what == PASSED)
            what = chain->policy_drop ? DENIED : ACCEPTED;
        if (what == DENIED) {
            *ret_chain = chain;
            return INPUT_DENIED;
        }
        if (what == UNDECIDED)
            found = INPUT_UNDECIDED;
        else if (found == INPUT_UNFILTERED)
            found = INPUT_ACCEPTED;
        if (!*ret_chain || what == UNDECIDED)
            *ret_chain = chain;
    }
    return found;
}
