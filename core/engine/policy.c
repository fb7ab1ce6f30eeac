/* SPDX-License-Identifier: MIT */
/*
 * Documents to policy: strict JSON, then settings and packages of each document in turn, then what
 * only the whole can tell (policy_validate.c).  Nothing is kept of a policy with an error.
 */
#include "engine/policy.h"

#include "base/alloc.h"
#include "base/text.h"
#include "engine/digest.h"
#include "engine/policy_reader.h"

#include <string.h>

static const rj_json_limits limits = {
    .max_bytes = RJ_POLICY_MAX_BYTES, .max_depth = RJ_POLICY_MAX_DEPTH, .fold_keys = true};

/* Editors of Windows put marks at the beginning: that of UTF-8 is no part of the text, others say that it is
 * something else. */
static rj_status parse_document(const rj_policy_source *document, json_t **ret_root, rj_error *err)
{
    static const char utf8[] = {'\xef', '\xbb', '\xbf'};
    const char *bytes = document->bytes;
    size_t length = document->length;
    if (length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        return rj_fail(err, RJ_E_INVALID, "%s: this is UTF-16; save it as UTF-8", document->name);
    if (length >= sizeof utf8 && memcmp(bytes, utf8, sizeof utf8) == 0) {
        bytes += sizeof utf8;
        length -= sizeof utf8;
    }
    return rj_json_parse(document->name, bytes, length, &limits, ret_root, err);
}

static rj_status read_document(rj_policy_reader *reader, const rj_policy_source *document)
{
    json_t *root = NULL;
    reader->document = document;
    memset(reader->seen, 0, sizeof(reader->seen));
    rj_status status = parse_document(document, &root, reader->err);
    if (status != RJ_OK)
        return status;
    if (json_is_object(root))
        status = rj_policy_settings(reader, root);
    else
        status = rj_policy_unexpected(reader, NULL, root, "an object (a policy document)");
    json_decref(root);
    return status;
}

static rj_status make_revision(const rj_policy_source *documents, size_t count, rj_policy *policy,
                               rj_error *err)
{
    rj_digest digest;
    rj_digest_begin(&digest);
    for (size_t i = 0; i < count; i++) {
        rj_digest_string(&digest, documents[i].name);
        rj_digest_number(&digest, documents[i].audience);
        rj_digest_piece(&digest, documents[i].bytes, documents[i].length);
    }
    if (!rj_digest_end_hex(&digest, policy->revision))
        return rj_fail(err, RJ_E_FAILED, "SHA-256 failed while reading the policy");
    return RJ_OK;
}

static rj_status read_documents(rj_policy_reader *reader, const rj_policy_source *documents,
                                size_t count)
{
    rj_policy_whole *whole = reader->whole;
    rj_policy *policy = &whole->policy;
    policy->warnings = rj_arena_alloc(&whole->arena, RJ_POLICY_MAX_WARNINGS + 2, sizeof(char *));
    if (!policy->warnings)
        return rj_policy_no_memory(reader);
    rj_policy_defaults(policy);

    rj_status status = make_revision(documents, count, policy, reader->err);
    for (size_t i = 0; status == RJ_OK && i < count; i++)
        status = read_document(reader, &documents[i]);
    if (status == RJ_OK)
        status = rj_policy_validate(reader);
    if (status == RJ_OK)
        status = rj_policy_finish_sources(reader);
    policy->plugins = whole->plugins;
    return status;
}

static rj_status tell_dropped_warnings(rj_policy_reader *reader)
{
    rj_policy *policy = &reader->whole->policy;
    rj_text text = RJ_TEXT_EMPTY;
    if (!reader->warnings_dropped)
        return RJ_OK;
    rj_text_addf(&text, "and %zu more warnings", reader->warnings_dropped);
    char *copy = rj_text_failed(&text) ? NULL : rj_arena_strdup(&reader->whole->arena, text.bytes);
    rj_text_free(&text);
    if (!copy)
        return rj_policy_no_memory(reader);
    policy->warnings[policy->warning_count++] = copy;
    return RJ_OK;
}

rj_status rj_policy_parse(const rj_policy_source *documents, size_t count, rj_policy **ret_policy,
                          rj_error *err)
{
    rj_policy_reader *reader = rj_calloc(1, sizeof(*reader));
    rj_policy_whole *whole = rj_calloc(1, sizeof(*whole));
    rj_status status;
    if (!reader || !whole) {
        rj_free(reader);
        rj_free(whole);
        return rj_fail_memory(err, "reading the policy");
    }
    reader->whole = whole;
    reader->err = err;

    status = read_documents(reader, documents, count);
    if (status == RJ_OK)
        status = tell_dropped_warnings(reader);
    rj_free(reader->origins);
    rj_free(reader);
    if (status != RJ_OK) {
        rj_policy_free(&whole->policy);
        return status;
    }
    *ret_policy = &whole->policy;
    return RJ_OK;
}

void rj_policy_free(rj_policy *policy)
{
    if (!policy)
        return;
    rj_policy_whole *whole = (rj_policy_whole *)policy;
    json_decref(whole->plugins);
    rj_arena_free(&whole->arena);
    rj_free(whole);
}

const rj_assignment *rj_policy_find(const rj_policy *policy, const char *id, rj_uid uid)
{
    const rj_assignment *device = NULL;
    for (size_t i = 0; i < policy->assignment_count; i++) {
        const rj_assignment *assignment = &policy->assignments[i];
        if (rj_ascii_casecmp(assignment->id, id) != 0)
            continue;
        if (assignment->audience == uid)
            return assignment;
        if (assignment->audience == RJ_UID_MACHINE)
            device = assignment;
    }
    return device;
}

rj_enforcement rj_policy_enforcement(const rj_policy *policy, const char *check_id)
{
    for (size_t i = 0; i < sizeof(policy->requirements) / sizeof(policy->requirements[0]); i++)
        if (strcmp(policy->requirements[i].check_id, check_id) == 0)
            return policy->requirements[i].enforcement;
    return RJ_RECOMMEND; /* a third party's check: shown, blocks nothing */
}
