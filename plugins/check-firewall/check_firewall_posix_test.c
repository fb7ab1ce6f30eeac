/* SPDX-License-Identifier: MIT */
/* The check "firewall" on written-down rule sets, and on the kernel in a network namespace. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cmocka.h>

#include "check_fixture.h"
#include "nft_dump.h"
#include "tap_skip.h"

#define ID "firewall"
#define RECORDING "/run/realmjoin/nftables.netlink"
#define NFT "/usr/sbin/nft"
#define INET NFPROTO_INET
#define IPV4 NFPROTO_IPV4
#define IPV6 NFPROTO_IPV6

static int make(void **state)
{
    static check_fixture fixture;

    check_fixture_make(&fixture);
    check_fixture_text(&fixture, "/proc/net/if_inet6",
                       "00000000000000000000000000000001 01 80 10 80       lo\n"
                       "fe80000000000000000000fffe000001 02 40 20 80     eth0\n");
    *state = &fixture;
    return 0;
}

static int clean(void **state)
{
    check_fixture_remove(*state);
    return 0;
}

/* ---- Writing netlink messages ---------------------------------------------------------------- */

static char recording[64 * 1024];
static size_t used;

static void put(const void *bytes, size_t length)
{
    assert_true(used + length + 4 < sizeof recording);
    memcpy(recording + used, bytes, length);
    used += length;
    while (used % 4)
        recording[used++] = '\0';
}

static size_t begin(unsigned type)
{
    struct nlattr header = {.nla_type = (uint16_t)type};
    size_t start = used;

    put(&header, sizeof header);
    return start;
}

static void end(size_t start)
{
    uint16_t length = (uint16_t)(used - start);

    memcpy(recording + start, &length, sizeof length);
}

static void put_text(unsigned type, const char *text)
{
    size_t start = begin(type);
    uint16_t length = (uint16_t)(sizeof(struct nlattr) + strlen(text) + 1);

    put(text, strlen(text) + 1);
    memcpy(recording + start, &length, sizeof length);
}

static void put_number(unsigned type, uint32_t number)
{
    size_t start = begin(type);

    number = htonl(number);
    put(&number, sizeof number);
    end(start);
}

static size_t begin_message(unsigned type, uint8_t family)
{
    struct nlmsghdr header = {.nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type)};
    struct nfgenmsg body = {.nfgen_family = family};
    size_t start = used;

    put(&header, sizeof header);
    put(&body, sizeof body);
    return start;
}

static void end_message(size_t start)
{
    uint32_t length = (uint32_t)(used - start);

    memcpy(recording + start, &length, sizeof length);
}

static void put_table(uint8_t family, const char *name, uint32_t flags)
{
    size_t start = begin_message(NFT_MSG_NEWTABLE, family);

    put_text(NFTA_TABLE_NAME, name);
    put_number(NFTA_TABLE_FLAGS, flags);
    end_message(start);
}

static void put_chain(uint8_t family, const char *table, const char *name, int hook,
                      uint32_t policy)
{
    size_t start = begin_message(NFT_MSG_NEWCHAIN, family), nested;

    put_text(NFTA_CHAIN_TABLE, table);
    put_text(NFTA_CHAIN_NAME, name);
    if (hook >= 0) {
        nested = begin(NFTA_CHAIN_HOOK | NLA_F_NESTED);
        put_number(NFTA_HOOK_HOOKNUM, (uint32_t)hook);
        put_number(NFTA_HOOK_PRIORITY, 0);
        end(nested);
        put_number(NFTA_CHAIN_POLICY, policy);
        put_text(NFTA_CHAIN_TYPE, "filter");
    }
    end_message(start);
}

/* A rule of named expressions; "accept", "drop" and "jump NAME" stand for a verdict. */
static void put_rule(uint8_t family, const char *table, const char *chain,
                     const char *const *expressions)
{
    size_t start = begin_message(NFT_MSG_NEWRULE, family), list;

    put_text(NFTA_RULE_TABLE, table);
    put_text(NFTA_RULE_CHAIN, chain);
    list = begin(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
    for (; *expressions; expressions++) {
        size_t element = begin(NFTA_LIST_ELEM | NLA_F_NESTED), data, value, verdict;
        bool jumps = strncmp(*expressions, "jump ", 5) == 0;
        bool drops = strcmp(*expressions, "drop") == 0;

        if (jumps || drops || strcmp(*expressions, "accept") == 0) {
            put_text(NFTA_EXPR_NAME, "immediate");
            data = begin(NFTA_EXPR_DATA | NLA_F_NESTED);
            put_number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
            value = begin(NFTA_IMMEDIATE_DATA | NLA_F_NESTED);
            verdict = begin(NFTA_DATA_VERDICT | NLA_F_NESTED);
            put_number(NFTA_VERDICT_CODE, jumps ? (uint32_t)NFT_JUMP : drops ? NF_DROP : NF_ACCEPT);
            if (jumps)
                put_text(NFTA_VERDICT_CHAIN, *expressions + 5);
            end(verdict);
            end(value);
            end(data);
        } else {
            put_text(NFTA_EXPR_NAME, *expressions);
        }
        end(element);
    }
    end(list);
    end_message(start);
}

#define RULE(family, table, chain, ...)                                                            \
    put_rule(family, table, chain, (const char *const[]){__VA_ARGS__, NULL})

static void put_done(unsigned times)
{
    struct nlmsghdr done = {.nlmsg_len = sizeof done, .nlmsg_type = NLMSG_DONE};

    while (times--)
        put(&done, sizeof done);
}

static void expect(const check_fixture *fixture, const char *state, const char *words)
{
    put_done(3);
    check_fixture_bytes(fixture, RECORDING, recording, used);
    check_fixture_expect(fixture, ID, "{}", state, words);
    used = 0;
}

/* ---- Rule sets ------------------------------------------------------------------------------- */

static void an_empty_rule_set_is_not_met(void **state)
{
    expect(*state, "not-met", "IPv4 and IPv6 connections are not filtered");
}

static void a_dropping_input_chain_for_both_families_is_ok(void **state)
{
    put_table(INET, "filter", 0);
    put_chain(INET, "filter", "input", NF_INET_LOCAL_IN, NF_DROP);
    expect(*state, "ok", "policy drop");
}

static void ipv4_alone_is_not_met_where_ipv6_is_used(void **state)
{
    put_chain(IPV4, "filter", "INPUT", NF_INET_LOCAL_IN, NF_DROP);
    expect(*state, "not-met", "Incoming IPv6 connections are not filtered");
    put_chain(IPV6, "filter", "INPUT", NF_INET_LOCAL_IN, NF_DROP);
    expect(*state, "not-met", "Incoming IPv4 connections are not filtered");
    put_chain(IPV4, "filter", "INPUT", NF_INET_LOCAL_IN, NF_DROP);
    check_fixture_text(*state, "/proc/net/if_inet6",
                       "00000000000000000000000000000001 01 80 10 80       lo\n");
    expect(*state, "ok", "no IPv6 in use");
}

static void other_hooks_and_dormant_tables_do_not_protect(void **state)
{
    put_table(INET, "filter", 0);
    put_chain(INET, "filter", "output", NF_INET_LOCAL_OUT, NF_DROP);
    put_chain(INET, "filter", "forward", NF_INET_FORWARD, NF_DROP);
    put_chain(INET, "filter", "plain", -1, 0);
    put_table(INET, "asleep", NFT_TABLE_F_DORMANT);
    put_chain(INET, "asleep", "input", NF_INET_LOCAL_IN, NF_DROP);
    expect(*state, "not-met", NULL);
}

static void a_last_rule_that_rejects_everything_is_as_good_as_a_policy(void **state)
{
    put_chain(INET, "firewalld", "filter_INPUT", NF_INET_LOCAL_IN, NF_ACCEPT);
    RULE(INET, "firewalld", "filter_INPUT", "ct", "bitwise", "cmp", "accept");
    RULE(INET, "firewalld", "filter_INPUT", "reject");
    expect(*state, "ok", "filter_INPUT");
}

static void a_rule_that_accepts_everything_defeats_the_policy(void **state)
{
    put_chain(INET, "filter", "input", NF_INET_LOCAL_IN, NF_DROP);
    RULE(INET, "filter", "input", "counter", "accept");
    expect(*state, "not-met", NULL);
    put_chain(INET, "filter", "input", NF_INET_LOCAL_IN, NF_DROP);
    RULE(INET, "filter", "input", "meta", "cmp", "accept");
    expect(*state, "ok", NULL);
}

static void jumps_are_followed_and_circles_end(void **state)
{
    put_chain(INET, "t", "input", NF_INET_LOCAL_IN, NF_ACCEPT);
    put_chain(INET, "t", "deny", -1, 0);
    RULE(INET, "t", "input", "counter", "jump deny");
    RULE(INET, "t", "input", "accept");
    RULE(INET, "t", "deny", "log", "drop");
    expect(*state, "ok", NULL);
    put_chain(INET, "t", "input", NF_INET_LOCAL_IN, NF_DROP);
    RULE(INET, "t", "input", "jump input");
    expect(*state, "unknown", "too many jumps");
}

static void old_iptables_rules_make_an_open_rule_set_unknown(void **state)
{
    check_fixture_text(*state, "/proc/net/ip_tables_names", "nat\nfilter\n");
    check_fixture_text(*state, "/etc/ufw/ufw.conf", "# x\nENABLED=yes\nLOGLEVEL=low\n");
    expect(*state, "unknown", "old iptables");
    put_chain(INET, "t", "input", NF_INET_LOCAL_IN, NF_DROP);
    expect(*state, "ok", "ufw is to manage the rules");
    check_fixture_text(*state, "/proc/net/ip_tables_names", "nat\n");
    expect(*state, "not-met", NULL);
}

static void without_a_recording_nothing_is_asked_below_a_root(void **state)
{
    check_fixture_expect(*state, ID, "{}", "unknown", RECORDING);
}

static void hostile_recordings_neither_hang_nor_crash(void **state)
{
    const check_fixture *fixture = *state;
    char path[256];
    size_t whole;

    put_chain(INET, "filter", "input", NF_INET_LOCAL_IN, NF_DROP);
    RULE(INET, "filter", "input", "meta", "cmp", "jump x");
    put_done(3);
    whole = used;
    for (size_t length = 0; length < whole; length++) {
        check_fixture_bytes(fixture, RECORDING, recording, length);
        check_fixture_expect(fixture, ID, "{}", "unknown", NULL);
    }
    /* every length field wrong in turn: any state, but an answer */
    for (size_t i = 0; i < whole; i += 2) {
        char kept[2];

        memcpy(kept, recording + i, sizeof kept);
        memset(recording + i, 0xFF, sizeof kept);
        check_fixture_bytes(fixture, RECORDING, recording, whole);
        free(check_fixture_run(fixture->root, fixture, ID, "{}"));
        memcpy(recording + i, kept, sizeof kept);
    }
    used = 0;
    check_fixture_huge(fixture, RECORDING, 100LL * 1024 * 1024);
    check_fixture_expect(fixture, ID, "{}", "unknown", "larger than accepted");
    check_fixture_path(fixture, RECORDING, path, sizeof path);
    assert_int_equal(unlink(path), 0);
    check_fixture_fifo(fixture, RECORDING);
    check_fixture_expect(fixture, ID, "{}", "unknown", "not a regular file");
}

static void a_refused_recording_is_named(void **state)
{
    check_fixture_text(*state, RECORDING, "");
    check_fixture_expect_refused(*state, ID, "{}", RECORDING);
}

static void wrong_settings_are_one_clear_error(void **state)
{
    check_fixture_expect_error(*state, ID, "{\"live\":1}", RJ_E_INVALID, "/settings/live");
}

/* ---- The kernel ------------------------------------------------------------------------------ */

static void run_nft(const char *script)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        execl(NFT, NFT, script, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool never(const void *data)
{
    (void)data;
    return false;
}

static void expect_live_and_recorded(const check_fixture *fixture, const char *state)
{
    char *bytes;
    size_t length;

    check_fixture_expect(fixture, ID, "{\"live\":true}", state, "netlink: nftables");
    assert_null(nft_dump_live(never, NULL, &bytes, &length));
    check_fixture_bytes(fixture, RECORDING, bytes, length);
    free(bytes);
    check_fixture_expect(fixture, ID, "{}", state, RECORDING);
}

static void the_kernels_own_rules_are_judged_as_recorded_ones(void **state)
{
    static const char chain[] =
        "table inet t { chain input { type filter hook input priority 0; policy %s; "
        "ct state established,related accept; iifname lo accept; tcp dport 22 accept; %s; }; }";
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    char script[512];

    if (access(NFT, X_OK) != 0)
        tap_skip("nft is not installed (package nftables)");
    if (geteuid() != 0 || own < 0 || unshare(CLONE_NEWNET) != 0)
        tap_skip("no right to make a network namespace");
    expect_live_and_recorded(*state, "not-met");
    snprintf(script, sizeof script, chain, "drop", "udp dport 68 accept");
    run_nft(script);
    expect_live_and_recorded(*state, "ok");
    run_nft("flush ruleset");
    snprintf(script, sizeof script, chain, "accept", "");
    run_nft(script);
    expect_live_and_recorded(*state, "not-met");
    run_nft("flush ruleset");
    snprintf(script, sizeof script, chain, "accept", "counter reject with icmpx admin-prohibited");
    run_nft(script);
    expect_live_and_recorded(*state, "ok");
    run_nft("flush ruleset");
    snprintf(script, sizeof script, chain, "drop", "log prefix \"x\" accept");
    run_nft(script);
    expect_live_and_recorded(*state, "not-met");
    run_nft("flush ruleset");
    snprintf(script, sizeof script, chain, "drop", "udp dport 68 accept");
    run_nft(script);
    run_nft("add table inet t { flags dormant; }");
    expect_live_and_recorded(*state, "not-met");
    assert_int_equal(setns(own, CLONE_NEWNET), 0);
    close(own);
}

static void without_the_right_to_ask_the_kernel_it_is_unknown(void **state)
{
    const check_fixture *fixture = *state;
    char *document;

    plugin_host_without_root(true);
    document = check_fixture_run("", fixture, ID, "{}");
    plugin_host_without_root(false);
    assert_non_null(strstr(document, "\"unknown\""));
    assert_non_null(strstr(document, "CAP_NET_ADMIN"));
    free(document);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
    static char id[] = ID;
    const struct CMUnitTest tests[] = {
        TREE_TEST(an_empty_rule_set_is_not_met),
        TREE_TEST(a_dropping_input_chain_for_both_families_is_ok),
        TREE_TEST(ipv4_alone_is_not_met_where_ipv6_is_used),
        TREE_TEST(other_hooks_and_dormant_tables_do_not_protect),
        TREE_TEST(a_last_rule_that_rejects_everything_is_as_good_as_a_policy),
        TREE_TEST(a_rule_that_accepts_everything_defeats_the_policy),
        TREE_TEST(jumps_are_followed_and_circles_end),
        TREE_TEST(old_iptables_rules_make_an_open_rule_set_unknown),
        TREE_TEST(without_a_recording_nothing_is_asked_below_a_root),
        TREE_TEST(hostile_recordings_neither_hang_nor_crash),
        TREE_TEST(a_refused_recording_is_named),
        TREE_TEST(wrong_settings_are_one_clear_error),
        TREE_TEST(the_kernels_own_rules_are_judged_as_recorded_ones),
        TREE_TEST(without_the_right_to_ask_the_kernel_it_is_unknown),
        CHECK_FIXTURE_SHARED_TESTS(id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
