/* SPDX-License-Identifier: MIT */
/* An nftables rule set from raw netlink messages; see nft_ruleset.h. */
#include "nft_ruleset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#define DUMPS 3 /* tables, chains, rules */

static const char damaged[] = "cannot be understood";
static const char out_of_memory[] = "cannot be read: out of memory";

/* A piece of a message. */
typedef struct piece {
    const char *bytes;
    size_t length;
} piece;

/* Take the next attribute off `rest`; false: no more, or damaged. */
static bool next_attribute(piece *rest, unsigned *ret_type, piece *ret_value)
{
    struct nlattr header;
    size_t step;

    if (rest->length < sizeof header)
        return false;
    memcpy(&header, rest->bytes, sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > rest->length)
        return false;
    *ret_type = header.nla_type & NLA_TYPE_MASK;
    *ret_value = (piece){rest->bytes + sizeof header, header.nla_len - sizeof header};
    step = NLA_ALIGN(header.nla_len);
    if (step > rest->length)
        step = rest->length;
    rest->bytes += step;
    rest->length -= step;
    return true;
}

static piece find_attribute(piece attributes, unsigned wanted)
{
    unsigned type;
    piece value;

    while (next_attribute(&attributes, &type, &value))
        if (type == wanted)
            return value;
    return (piece){NULL, 0};
}

/* A NUL-terminated string inside the message, "" if it is none. */
static const char *as_text(piece value)
{
    return value.length && memchr(value.bytes, '\0', value.length) ? value.bytes : "";
}

static bool as_number(piece value, uint32_t *ret_number)
{
    uint32_t number;

    if (value.length < sizeof number)
        return false;
    memcpy(&number, value.bytes, sizeof number);
    *ret_number = ntohl(number);
    return true;
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static nft_effect effect_of_verdict(piece data, const char **ret_target)
{
    piece verdict = find_attribute(data, NFTA_DATA_VERDICT);
    uint32_t code;

    if (!as_number(find_attribute(verdict, NFTA_VERDICT_CODE), &code))
        return NFT_EFFECT_NONE;
    *ret_target = as_text(find_attribute(verdict, NFTA_VERDICT_CHAIN));
    switch ((int32_t)code) {
    case NF_DROP:
        return NFT_EFFECT_DENY;
    case NF_ACCEPT:
        return NFT_EFFECT_ACCEPT;
    case NFT_JUMP:
        return NFT_EFFECT_JUMP;
    case NFT_GOTO:
        return NFT_EFFECT_GOTO;
    case NFT_RETURN:
        return NFT_EFFECT_RETURN;
    default:
        return NFT_EFFECT_NONE;
    }
}

/* One expression of a rule; false: it is a condition. */
static bool read_expression(piece expression, nft_effect *effect, const char **ret_target)
{
    static const char *const neutral[] = {"counter", "log", "notrack", "objref", "last", NULL};
    const char *name = as_text(find_attribute(expression, NFTA_EXPR_NAME));
    piece data = find_attribute(expression, NFTA_EXPR_DATA);

    for (size_t i = 0; neutral[i]; i++)
        if (strcmp(name, neutral[i]) == 0)
            return true;
    if (strcmp(name, "immediate") == 0) {
        piece value = find_attribute(data, NFTA_IMMEDIATE_DATA);

        if (*effect == NFT_EFFECT_NONE)
            *effect = effect_of_verdict(value, ret_target);
        return true;
    }
    if (strcmp(name, "reject") == 0 ||
        (strcmp(name, "target") == 0 &&
         strcmp(as_text(find_attribute(data, NFTA_TARGET_NAME)), "REJECT") == 0)) {
        *effect = NFT_EFFECT_DENY;
        return true;
    }
    /* these set something and let the packet go on */
    return strcmp(name, "target") == 0 ||
           (strcmp(name, "meta") == 0 && find_attribute(data, NFTA_META_SREG).bytes) ||
           (strcmp(name, "ct") == 0 && find_attribute(data, NFTA_CT_SREG).bytes);
}

static nft_effect read_expressions(piece expressions, const char **ret_target)
{
    nft_effect effect = NFT_EFFECT_NONE;
    unsigned type;
    piece expression;

    while (next_attribute(&expressions, &type, &expression))
        if (type == NFTA_LIST_ELEM && !read_expression(expression, &effect, ret_target))
            return NFT_EFFECT_NONE;
    return effect;
}

/* ---- Messages -------------------------------------------------------------------------------- */

/* Room for one more element behind an array that grows by doubling. */
static bool make_room(void *array, size_t count, size_t size)
{
    void *old, *grown;

    if (count & (count - 1) || (count && count < 16))
        return true;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, (count ? count * 2 : 16) * size);
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    return true;
}

static bool add_table(nft_ruleset *set, uint8_t family, piece body)
{
    uint32_t flags = 0;

    if (!make_room(&set->tables, set->table_count, sizeof *set->tables))
        return false;
    as_number(find_attribute(body, NFTA_TABLE_FLAGS), &flags);
    set->tables[set->table_count++] =
        (nft_table){.family = family,
                    .dormant = flags & NFT_TABLE_F_DORMANT,
                    .name = as_text(find_attribute(body, NFTA_TABLE_NAME))};
    return true;
}

static bool add_chain(nft_ruleset *set, uint8_t family, piece body)
{
    piece hook = find_attribute(body, NFTA_CHAIN_HOOK);
    uint32_t number = UINT32_MAX, policy = NF_ACCEPT;

    if (!make_room(&set->chains, set->chain_count, sizeof *set->chains))
        return false;
    as_number(find_attribute(hook, NFTA_HOOK_HOOKNUM), &number);
    as_number(find_attribute(body, NFTA_CHAIN_POLICY), &policy);
    set->chains[set->chain_count++] = (nft_chain){
        .family = family,
        .filters_input = number == NF_INET_LOCAL_IN &&
                         strcmp(as_text(find_attribute(body, NFTA_CHAIN_TYPE)), "filter") == 0,
        .policy_drop = policy == NF_DROP,
        .table = as_text(find_attribute(body, NFTA_CHAIN_TABLE)),
        .name = as_text(find_attribute(body, NFTA_CHAIN_NAME))};
    return true;
}

static bool add_rule(nft_ruleset *set, uint8_t family, piece body)
{
    const char *target = "";
    nft_effect effect = read_expressions(find_attribute(body, NFTA_RULE_EXPRESSIONS), &target);

    set->rules_seen++;
    if (effect == NFT_EFFECT_NONE)
        return true;
    if (!make_room(&set->rules, set->rule_count, sizeof *set->rules))
        return false;
    set->rules[set->rule_count++] =
        (nft_rule){.family = family,
                   .effect = effect,
                   .table = as_text(find_attribute(body, NFTA_RULE_TABLE)),
                   .chain = as_text(find_attribute(body, NFTA_RULE_CHAIN)),
                   .target = target};
    return true;
}

static bool add_message(nft_ruleset *set, unsigned type, piece body)
{
    struct nfgenmsg family;

    if (body.length < sizeof family || type >> 8 != NFNL_SUBSYS_NFTABLES)
        return true;
    memcpy(&family, body.bytes, sizeof family);
    body.bytes += NLMSG_ALIGN(sizeof family);
    body.length -= NLMSG_ALIGN(sizeof family);
    switch (type & 0xFF) {
    case NFT_MSG_NEWTABLE:
        return add_table(set, family.nfgen_family, body);
    case NFT_MSG_NEWCHAIN:
        return add_chain(set, family.nfgen_family, body);
    case NFT_MSG_NEWRULE:
        return add_rule(set, family.nfgen_family, body);
    default:
        return true;
    }
}

const char *nft_ruleset_parse(nft_ruleset *ret_ruleset, const char *bytes, size_t length)
{
    nft_ruleset set = {0};
    const char *reason = NULL;
    unsigned dumps_done = 0;
    size_t at = 0;

    while (!reason && at < length && length - at >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr header;

        memcpy(&header, bytes + at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > length - at ||
            header.nlmsg_type == NLMSG_ERROR)
            reason = damaged;
        else if (header.nlmsg_type == NLMSG_DONE)
            dumps_done++;
        else if (!add_message(
                     &set, header.nlmsg_type,
                     (piece){bytes + at + sizeof header, header.nlmsg_len - sizeof header}))
            reason = out_of_memory;
        at += NLMSG_ALIGN(header.nlmsg_len);
    }
    if (!reason && dumps_done != DUMPS)
        reason = "is not complete";
    if (reason) {
        nft_ruleset_free(&set);
        return reason;
    }
    *ret_ruleset = set;
    return NULL;
}

void nft_ruleset_free(nft_ruleset *ruleset)
{
    free(ruleset->tables);
    free(ruleset->chains);
    free(ruleset->rules);
    *ruleset = (nft_ruleset){0};
}
