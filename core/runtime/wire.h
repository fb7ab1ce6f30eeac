/* SPDX-License-Identifier: MIT */
/*
 * What core and worker say to each other, as bytes.
 *
 *     length u32 | type u16 | zero u16 | handle u64 | payload, `length` bytes
 *
 * Numbers are little-endian.  A payload is a sequence of fields that the type alone decides: numbers,
 * and texts as length u32, bytes, NUL.  No pointer and no struct image.  Reading takes nothing for
 * granted: the other side of either end may be hostile or broken, so each field is checked, a payload
 * must be used up exactly, and a type that does not belong to the direction is refused.
 *
 * Pure: bytes in, fields out.
 */
#ifndef RJ_RUNTIME_WIRE_H
#define RJ_RUNTIME_WIRE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Both sides must speak the same: they are built together, and a worker is started by its core. */
#define RJ_WIRE_VERSION 1u
#define RJ_WIRE_MAGIC 0x574a5231u /* "1RJW" */
#define RJ_WIRE_HEADER 16u
#define RJ_WIRE_PAYLOAD_MAX (2u * 1024 * 1024)
#define RJ_WIRE_LIST_MAX 8192u

/* `handle` of the header stands behind each type, then the payload. */
typedef enum rj_wire_type {
    /* Core to worker, frames. */
    RJ_WIRE_SETUP = 1,      /* 0: see setup.h */
    RJ_WIRE_ASK = 2,        /* op: verb u32, remaining ms i64, argument */
    RJ_WIRE_CANCEL = 3,     /* op: the deadline has passed u32 */
    RJ_WIRE_EVENT = 4,      /* subscription: topic, json */
    RJ_WIRE_CHILD_EXIT = 5, /* child: kind i32, value i32, survivors u32, tail */
    RJ_WIRE_STOP = 6,       /* 0: - */

    /* Worker to core, frames. */
    RJ_WIRE_HELLO = 32,       /* 0: magic u32, version u32, notes list */
    RJ_WIRE_READY = 33,       /* 0: status i32, message */
    RJ_WIRE_BEGUN = 34,       /* op: - ; the plugin was called and has not answered at once */
    RJ_WIRE_PROGRESS = 35,    /* op: permille i32, text */
    RJ_WIRE_FINISH = 36,      /* op: status i32, message, result ("" if none) */
    RJ_WIRE_LOG = 37,         /* op or 0: level i32, text */
    RJ_WIRE_MISBEHAVED = 38,  /* op or 0: text */
    RJ_WIRE_BUSY = 39,        /* 0: timers that run u32 */
    RJ_WIRE_SUBSCRIBE = 40,   /* subscription: prefix */
    RJ_WIRE_UNSUBSCRIBE = 41, /* subscription: - */
    RJ_WIRE_KILL_CHILD = 42,  /* child: - */
    RJ_WIRE_STOPPED = 43,     /* 0: clean u32 */

    /* Worker to core, calls; each is answered before the next may come. */
    RJ_WIRE_QUERY = 64,       /* 0: id */
    RJ_WIRE_KV_GET = 65,      /* 0: key */
    RJ_WIRE_KV_SET = 66,      /* 0: key, value */
    RJ_WIRE_KV_REMOVE = 67,   /* 0: key */
    RJ_WIRE_CONFIG = 68,      /* 0: - */
    RJ_WIRE_PUBLISH = 69,     /* 0: topic, json */
    RJ_WIRE_SPAWN = 70,       /* op: child u64, limit ms i64, program, directory, has log u32, log,
                               arguments list, environment list */
    RJ_WIRE_SECRET_OF = 71,   /* op: - ; the answer's bytes are the handle, u64 */
    RJ_WIRE_SECRET_READ = 72, /* secret: - */
    RJ_WIRE_SECRET_ATTACH = 73, /* op: name, bytes */

    /* Core to worker, answers to calls. */
    RJ_WIRE_REPLY = 96, /* 0: status i32, bytes */
} rj_wire_type;

typedef enum rj_wire_direction {
    RJ_WIRE_TO_WORKER,
    RJ_WIRE_TO_CORE,
    RJ_WIRE_CALL,
    RJ_WIRE_ANSWER,
} rj_wire_direction;

typedef enum rj_wire_verb {
    RJ_WIRE_EVALUATE,
    RJ_WIRE_REMEDIATE,
    RJ_WIRE_DETECT,
    RJ_WIRE_FETCH,
    RJ_WIRE_INSTALL,
    RJ_WIRE_UNINSTALL,
    RJ_WIRE_RECOVER,
    RJ_WIRE_VERB_COUNT
} rj_wire_verb;

/* ---- Writing --------------------------------------------------------------------------------- */

/* A frame being made.  A failure sticks until rj_wire_end() tells it. */
typedef struct rj_wire_writer {
    char *bytes; /* rj_free() by rj_wire_discard() */
    size_t length;
    size_t capacity;
    bool failed;
    bool secret; /* set before the first byte: what it held is wiped */
} rj_wire_writer;

void rj_wire_begin(rj_wire_writer *writer, rj_wire_type type, uint64_t handle);
void rj_wire_put_u32(rj_wire_writer *writer, uint32_t value);
void rj_wire_put_i32(rj_wire_writer *writer, int32_t value);
void rj_wire_put_u64(rj_wire_writer *writer, uint64_t value);
void rj_wire_put_i64(rj_wire_writer *writer, int64_t value);
void rj_wire_put_bytes(rj_wire_writer *writer, const void *bytes, size_t length);
void rj_wire_put_text(rj_wire_writer *writer, const char *text);         /* NULL as "" */
void rj_wire_put_list(rj_wire_writer *writer, const char *const *texts); /* NULL as none */
/* RJ_OK: the frame is complete in `bytes`, `length`.  RJ_E_NO_MEMORY, RJ_E_LIMIT. */
rj_status rj_wire_end(rj_wire_writer *writer);
void rj_wire_discard(rj_wire_writer *writer);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct rj_wire_frame {
    rj_wire_type type;
    uint64_t handle;
    const char *payload; /* in the buffer it was found in */
    size_t length;
} rj_wire_frame;

/* The first frame of a buffer.  RJ_OK: *ret_used bytes of it.  RJ_E_BUSY: there is not all of it yet,
 * it needs *ret_used bytes in all (0: not known yet).  RJ_E_CORRUPT, RJ_E_LIMIT: the stream is broken. */
rj_status rj_wire_take(rj_wire_direction direction, const char *bytes, size_t length,
                       rj_wire_frame *ret_frame, size_t *ret_used);

/* The fields of a payload in order.  A failure sticks until rj_wire_read_end() tells it; until then
 * reads give 0, "" or an empty list. */
typedef struct rj_wire_reader {
    const char *at;
    const char *end;
    bool failed;
} rj_wire_reader;

rj_wire_reader rj_wire_read(const rj_wire_frame *frame);
uint32_t rj_wire_get_u32(rj_wire_reader *reader);
int32_t rj_wire_get_i32(rj_wire_reader *reader);
uint64_t rj_wire_get_u64(rj_wire_reader *reader);
int64_t rj_wire_get_i64(rj_wire_reader *reader);
/* In the frame's buffer, followed by a NUL that does not count. */
const char *rj_wire_get_bytes(rj_wire_reader *reader, size_t *ret_length);
const char *rj_wire_get_text(rj_wire_reader *reader); /* the same without a NUL inside */
/* NULL-terminated, of texts in the frame's buffer; rj_free() the list itself.  NULL after a failure,
 * also of memory. */
const char **rj_wire_get_list(rj_wire_reader *reader);
/* All was there, and nothing more. */
bool rj_wire_read_end(const rj_wire_reader *reader);

#endif
