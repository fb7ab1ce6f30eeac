/* SPDX-License-Identifier: MIT */
/* The kernel's nftables rule set as raw netlink messages; see nft_dump.h. */
#include "nft_dump.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#define TIME_LIMIT_MS 2000
#define SLICE_MS 50
#define ATTEMPTS 3
#define DATAGRAM ((size_t)64 * 1024)

static const char changing[] = "the rules kept changing while they were read";

typedef struct nft_dump {
    int fd;
    bool (*stop)(const void *data);
    const void *data;
    long long give_up; /* monotonic ms */
    char *bytes;
    size_t length, capacity;
    char *datagram;
} nft_dump;

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *reason_of(int error)
{
    const char *text = strerrordesc_np(error);

    if (error == EPERM || error == EACCES)
        return "permission denied: reading the firewall needs CAP_NET_ADMIN";
    return text ? text : "an unknown error of the kernel";
}

static const char *request(const nft_dump *dump, int type, unsigned sequence)
{
    struct {
        struct nlmsghdr header;
        struct nfgenmsg family;
    } message = {
        .header = {.nlmsg_len = sizeof message,
                   .nlmsg_type = (unsigned short)(NFNL_SUBSYS_NFTABLES << 8 | type),
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = sequence},
        .family = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
    };
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

    if (sendto(dump->fd, &message, sizeof message, 0, (const struct sockaddr *)&kernel,
               sizeof kernel) < 0)
        return reason_of(errno);
    return NULL;
}

/* One datagram from the kernel. */
static const char *receive(const nft_dump *dump, size_t *ret_length)
{
    struct sockaddr_nl sender = {0};
    struct iovec place = {dump->datagram, DATAGRAM};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &place, .msg_iovlen = 1};
    ssize_t length;

    for (;;) {
        struct pollfd wait = {.fd = dump->fd, .events = POLLIN};

        if (dump->stop(dump->data))
            return "it was not read to its end";
        if (now_ms() >= dump->give_up)
            return "the kernel did not answer in time";
        if (poll(&wait, 1, SLICE_MS) <= 0)
            continue;
        length = recvmsg(dump->fd, &message, MSG_DONTWAIT);
        if (length < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (length < 0)
            return reason_of(errno);
        if (message.msg_flags & MSG_TRUNC)
            return "an answer of the kernel is larger than accepted";
        if (sender.nl_pid != 0)
            continue; /* not from the kernel */
        *ret_length = (size_t)length;
        return NULL;
    }
}

static const char *keep(nft_dump *dump, size_t length)
{
    size_t capacity = dump->capacity ? dump->capacity : DATAGRAM;
    char *grown;

    while (capacity < dump->length + length)
        capacity *= 2;
    if (capacity > NFT_DUMP_LIMIT)
        return "the rule set is larger than accepted";
    if (capacity > dump->capacity) {
        grown = realloc(dump->bytes, capacity);
        if (!grown)
            return "out of memory";
        dump->bytes = grown;
        dump->capacity = capacity;
    }
    memcpy(dump->bytes + dump->length, dump->datagram, length);
    dump->length += length;
    return NULL;
}

/* Look at the headers of a datagram. */
static const char *examine(const nft_dump *dump, size_t length, unsigned sequence, bool *ret_done)
{
    size_t at = 0;

    while (length - at >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr header;
        int error = EBADMSG;

        memcpy(&header, dump->datagram + at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > length - at)
            return "an answer of the kernel cannot be understood";
        if (header.nlmsg_seq == sequence && header.nlmsg_flags & NLM_F_DUMP_INTR)
            return changing;
        if (header.nlmsg_seq == sequence && header.nlmsg_type == NLMSG_ERROR) {
            if (header.nlmsg_len >= sizeof header + sizeof error)
                memcpy(&error, dump->datagram + at + sizeof header, sizeof error);
            return reason_of(-error);
        }
        if (header.nlmsg_seq == sequence && header.nlmsg_type == NLMSG_DONE)
            *ret_done = true;
        at += NLMSG_ALIGN(header.nlmsg_len);
        if (at >= length)
            break;
    }
    return NULL;
}

static const char *dump_one(nft_dump *dump, int type, unsigned sequence)
{
    const char *reason = request(dump, type, sequence);
    bool done = false;

    while (!reason && !done) {
        size_t length = 0;

        reason = receive(dump, &length);
        if (!reason)
            reason = examine(dump, length, sequence, &done);
        if (!reason)
            reason = keep(dump, length);
    }
    return reason;
}

static const char *dump_all(nft_dump *dump)
{
    static const int types[] = {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE};
    struct sockaddr_nl own = {.nl_family = AF_NETLINK};
    const char *reason = NULL;
    unsigned sequence = 1;

    dump->length = 0;
    dump->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
    if (dump->fd < 0)
        return reason_of(errno);
    if (bind(dump->fd, (const struct sockaddr *)&own, sizeof own) != 0)
        reason = reason_of(errno);
    for (size_t i = 0; i < sizeof types / sizeof types[0] && !reason; i++)
        reason = dump_one(dump, types[i], sequence++);
    close(dump->fd);
    return reason;
}

const char *nft_dump_live(bool (*stop)(const void *data), const void *data, char **ret_bytes,
                          size_t *ret_length)
{
    nft_dump whole = {.stop = stop, .data = data, .give_up = now_ms() + TIME_LIMIT_MS};
    const char *reason = changing;

    whole.datagram = malloc(DATAGRAM);
    if (!whole.datagram)
        return "out of memory";
    for (int attempt = 0; attempt < ATTEMPTS && reason == changing; attempt++)
        reason = dump_all(&whole);
    free(whole.datagram);
    if (reason) {
        free(whole.bytes);
        return reason;
    }
    *ret_bytes = whole.bytes;
    *ret_length = whole.length;
    return NULL;
}
