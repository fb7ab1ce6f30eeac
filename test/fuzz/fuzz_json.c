/* SPDX-License-Identifier: MIT */
/*
 * JSON text and plugin manifests.  The scanner must agree with jansson on what is JSON (jansson tells
 * what the scanner let through wrongly, and the other way round), folding may only refuse more, and
 * what was read must survive being printed and read again.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "runtime/manifest.h"

#include "fuzz_target.h"

#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text, size_t length, bool fold, rj_status *ret_status)
{
    rj_json_limits limits = {.max_bytes = 1u << 20, .max_depth = 64, .fold_keys = fold};
    rj_error error = RJ_ERROR_NONE;
    json_t *value = NULL;
    *ret_status = rj_json_parse("fuzz", text, length, &limits, &value, &error);
    if ((*ret_status != RJ_OK) != (error.text[0] != '\0') || *ret_status == RJ_E_NO_MEMORY)
        abort();
    return value;
}

static void check_round_trip(const json_t *value)
{
    size_t length = 0;
    rj_status status;
    char *text = rj_json_print(value, &length);
    json_t *again = text ? parse(text, length, false, &status) : NULL;
    if (!again || !json_equal(again, value))
        abort();
    json_decref(again);
    rj_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *text = (const char *)bytes;
    rj_status plain_status, folded_status;
    json_t *plain = parse(text, length, false, &plain_status);
    json_t *folded = parse(text, length, true, &folded_status);
    json_t *theirs = json_loadb(text, length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    /* jansson overlooks a NUL behind a number. */
    bool comparable = !(length && memchr(text, 0, length)) && plain_status != RJ_E_LIMIT;
    if ((folded && !plain) || (plain && !theirs) || (comparable && theirs && !plain))
        abort();
    if (plain)
        check_round_trip(plain);
    json_decref(plain);
    json_decref(folded);
    json_decref(theirs);

    rj_manifest *manifest = NULL;
    rj_error error = RJ_ERROR_NONE;
    if (rj_manifest_parse("fuzz", text, length, &manifest, &error) == RJ_OK) {
        if (strchr(manifest->binary, '/') || manifest->binary[0] == '.')
            abort();
        rj_manifest_free(manifest);
    } else if (!error.text[0]) {
        abort();
    }
    return 0;
}
