/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a client: cut into lines in two different ways, which must give the same lines; each line
 * parsed; what parses must survive being formatted and parsed again.
 */
#include "ipc/message.h"

#include "fuzz_target.h"

#include <stdlib.h>
#include <string.h>

typedef struct digest {
    uint64_t value;
    size_t lines;
} digest;

static bool on_line(void *data, const char *bytes, size_t length)
{
    digest *self = data;
    for (size_t i = 0; i < length; i++)
        self->value = (self->value ^ (uint8_t)bytes[i]) * 1099511628211u;
    self->value = (self->value ^ 10u) * 1099511628211u;
    self->lines++;
    return true;
}

static bool on_message(void *data, const char *bytes, size_t length)
{
    rj_message message, again;
    rj_error error = RJ_ERROR_NONE;
    (void)data;
    int code = rj_message_parse(bytes, length, &message, &error);
    if (code != 0) {
        if (!error.text[0])
            abort();
        return true;
    }
    if (message.kind == RJ_MESSAGE_RESULT) {
        rj_text text = RJ_TEXT_EMPTY;
        rj_message_add_result(&text, message.id, message.result);
        if (rj_text_failed(&text) ||
            rj_message_parse(text.bytes, text.length - 1, &again, &error) != 0 ||
            !json_equal(again.result, message.result))
            abort();
        rj_message_free(&again);
        rj_text_free(&text);
    }
    rj_message_free(&message);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return 0;
    rj_lines whole = {0}, pieces = {0}, parsed = {0};
    digest one = {0, 0}, two = {0, 0};
    const char *text = (const char *)bytes;
    rj_status status = rj_lines_feed(&whole, text, length, on_line, &one, NULL);
    rj_status last = RJ_OK;
    for (size_t at = 0, step = 1; at < length && last == RJ_OK; at += step, step = step % 7 + 1) {
        if (step > length - at)
            step = length - at;
        last = rj_lines_feed(&pieces, text + at, step, on_line, &two, NULL);
    }
    if (status != last || one.lines != two.lines || one.value != two.value)
        abort();
    rj_lines_feed(&parsed, text, length, on_message, NULL, NULL);
    rj_lines_free(&whole);
    rj_lines_free(&pieces);
    rj_lines_free(&parsed);
    return 0;
}
