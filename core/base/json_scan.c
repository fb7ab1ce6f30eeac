/* SPDX-License-Identifier: MIT */
/*
 * A non-recursive scanner over the JSON grammar (RFC 8259).
 *
 * Open arrays and objects are frames on a stack.  The decoded keys of open objects lie one behind the
 * other in `text`; when an object closes, its keys are sorted, equal neighbours are duplicates, and
 * its part of both stacks is dropped.
 */
#include "base/json_scan.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

#define POINTER_MAX 200u /* bytes of a JSON pointer in a message */

typedef struct key {
    const char *at; /* where it stands in the input */
    size_t offset;  /* of its decoded bytes in `text` */
    size_t length;
} key;

typedef struct frame {
    bool object;
    size_t index;     /* array: which element is being read */
    size_t first_key; /* object: its keys are keys[first_key..] */
    size_t first_byte;
} frame;

typedef struct scanner {
    const char *name;
    const char *start, *at, *end;
    const rj_json_limits *limits;
    rj_error *err;
    frame *frames;
    size_t depth, frame_capacity;
    key *keys;
    size_t key_count, key_capacity;
    rj_text text;
} scanner;

/* ---- Faults ---------------------------------------------------------------------------------- */

static void add_pointer_word(rj_text *pointer, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '~')
            rj_text_add(pointer, "~0");
        else if (bytes[i] == '/')
            rj_text_add(pointer, "~1");
        else
            rj_text_append(pointer, bytes + i, 1);
    }
}

/* The pointer of what is being read; "" at the top. */
static void current_pointer(const scanner *s, char *target, size_t size)
{
    rj_text pointer = RJ_TEXT_EMPTY;
    for (size_t i = 0; i < s->depth && pointer.length < POINTER_MAX; i++) {
        const frame *f = &s->frames[i];
        size_t past = i + 1 < s->depth ? s->frames[i + 1].first_key : s->key_count;
        if (!f->object) {
            rj_text_addf(&pointer, "/%zu", f->index);
        } else if (past > f->first_key) {
            const key *last = &s->keys[past - 1];
            rj_text_add(&pointer, "/");
            add_pointer_word(&pointer, s->text.bytes + last->offset, last->length);
        }
    }
    *target = '\0';
    if (pointer.length && !pointer.failed)
        rj_text_to_line(target, size, pointer.bytes, pointer.length);
    rj_text_free(&pointer);
}

static rj_status fault(const scanner *s, const char *at, rj_status status, const char *what)
{
    if (!s->err)
        return status;
    size_t line = 1;
    size_t column = 1;
    for (const char *c = s->start; c < at; c++) {
        if (*c == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*c & 0xc0) != 0x80) {
            column++;
        }
    }
    char pointer[POINTER_MAX + 1];
    current_pointer(s, pointer, sizeof pointer);
    return rj_fail(s->err, status, "%s: line %zu, column %zu: %s%s%s", s->name, line, column, what,
                   *pointer ? ", at " : "", pointer);
}

static rj_status unexpected(const scanner *s, const char *expected)
{
    char what[160];
    rj_text text = RJ_TEXT_EMPTY;
    if (s->at >= s->end)
        rj_text_addf(&text, "the text ends where %s is expected", expected);
    else if (*s->at > 0x20 && *s->at < 0x7f)
        rj_text_addf(&text, "'%c' found where %s is expected", *s->at, expected);
    else
        rj_text_addf(&text, "byte 0x%02x found where %s is expected", (unsigned char)*s->at,
                     expected);
    rj_text_to_line(what, sizeof what, text.bytes ? text.bytes : "", text.length);
    rj_text_free(&text);
    return fault(s, s->at, RJ_E_INVALID, what);
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

static void skip_blanks(scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

static bool is_digit(const scanner *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static rj_status scan_digits(scanner *s)
{
    if (!is_digit(s))
        return unexpected(s, "a digit");
    while (is_digit(s))
        s->at++;
    return RJ_OK;
}

static bool fits_int64(const char *digits, const char *end, bool negative)
{
    uint64_t limit = negative ? UINT64_C(1) << 63 : (UINT64_C(1) << 63) - 1;
    uint64_t value = 0;
    for (; digits < end; digits++) {
        unsigned digit = (unsigned)(*digits - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    return true;
}

static rj_status scan_number(scanner *s)
{
    const char *start = s->at;
    bool negative = *s->at == '-';
    s->at += negative;
    const char *digits = s->at;
    rj_status status = scan_digits(s);
    if (status)
        return status;
    if (*digits == '0' && s->at > digits + 1)
        return fault(s, start, RJ_E_INVALID, "a number begins with a superfluous 0");
    const char *digits_end = s->at;
    bool real = false;
    if (s->at < s->end && *s->at == '.') {
        real = true;
        s->at++;
        if ((status = scan_digits(s)))
            return status;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        real = true;
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        if ((status = scan_digits(s)))
            return status;
    }
    if (!real && !fits_int64(digits, digits_end, negative))
        return fault(s, start, RJ_E_INVALID, "a number that does not fit into 64 bits");
    return RJ_OK;
}

static rj_status scan_word(scanner *s, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
        return unexpected(s, "a value");
    s->at += length;
    return RJ_OK;
}

/* Four hex digits at `at`, or -1. */
static long hex4(const scanner *s, const char *at)
{
    if (s->end - at < 4)
        return -1;
    long value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static void add_code_point(rj_text *out, unsigned long c)
{
    char bytes[4];
    size_t length = 0;
    if (c < 0x80) {
        bytes[length++] = (char)c;
    } else {
        size_t tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
        bytes[length++] = (char)(lead[tail] | (c >> (6 * tail)));
        while (tail--)
            bytes[length++] = (char)(0x80 | ((c >> (6 * tail)) & 0x3f));
    }
    rj_text_append(out, bytes, length);
}

/* Behind a backslash; `out` may be NULL. */
static rj_status scan_escape(scanner *s, rj_text *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *backslash = s->at - 1;
    const char *letter = s->at < s->end && *s->at ? strchr(letters, *s->at) : NULL;
    if (letter) {
        s->at++;
        if (out)
            rj_text_append(out, &meanings[letter - letters], 1);
        return RJ_OK;
    }
    if (s->at >= s->end || *s->at != 'u')
        return fault(s, backslash, RJ_E_INVALID, "an escape that JSON does not know");
    long code = hex4(s, s->at + 1);
    if (code < 0)
        return fault(s, backslash, RJ_E_INVALID, "\\u without four hexadecimal digits");
    if (code == 0)
        return fault(s, backslash, RJ_E_INVALID, "a NUL character inside a string");
    s->at += 5;
    if (code >= 0xd800 && code <= 0xdfff) {
        long low =
            s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u' ? hex4(s, s->at + 2) : -1;
        if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
            return fault(s, backslash, RJ_E_INVALID, "half a surrogate pair");
        s->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (out)
        add_code_point(out, (unsigned long)code);
    return RJ_OK;
}

/* At the opening quote; the decoded text goes to `out` unless that is NULL. */
static rj_status scan_string(scanner *s, rj_text *out)
{
    const char *quote = s->at++;
    for (;;) {
        const char *run = s->at;
        while (s->at < s->end && *s->at != '"' && *s->at != '\\' && (unsigned char)*s->at >= 0x20)
            s->at++;
        if (!rj_utf8_valid(run, (size_t)(s->at - run))) {
            size_t good = 0; /* find the byte: grow until it stops being valid at a border */
            for (size_t n = 1; n <= (size_t)(s->at - run) && n - good <= 4; n++)
                if (rj_utf8_valid(run + good, n - good))
                    good = n;
            return fault(s, run + good, RJ_E_INVALID, "text that is not UTF-8");
        }
        if (out)
            rj_text_append(out, run, (size_t)(s->at - run));
        if (s->at >= s->end)
            return fault(s, quote, RJ_E_INVALID, "a string that does not end");
        if (*s->at == '"') {
            s->at++;
            return RJ_OK;
        }
        if (*s->at == '\0')
            return fault(s, s->at, RJ_E_INVALID, "a NUL character inside a string");
        if (*s->at != '\\')
            return fault(s, s->at, RJ_E_INVALID,
                         "a control character inside a string (write it as an escape)");
        s->at++;
        rj_status status = scan_escape(s, out);
        if (status)
            return status;
    }
}

/* ---- Levels and keys ------------------------------------------------------------------------- */

static rj_status open_level(scanner *s, bool object)
{
    if (s->depth >= s->limits->max_depth) {
        char what[80] = "";
        rj_text text = RJ_TEXT_EMPTY;
        rj_text_addf(&text, "nested deeper than %u levels", s->limits->max_depth);
        rj_text_to_line(what, sizeof what, text.bytes ? text.bytes : "", text.length);
        rj_text_free(&text);
        return fault(s, s->at, RJ_E_LIMIT, what);
    }
    if (s->depth == s->frame_capacity) {
        size_t capacity = s->frame_capacity ? s->frame_capacity * 2 : 16;
        frame *frames = rj_realloc_array(s->frames, capacity, sizeof *frames);
        if (!frames)
            return rj_fail_memory(s->err, "reading JSON");
        s->frames = frames;
        s->frame_capacity = capacity;
    }
    s->frames[s->depth++] =
        (frame){.object = object, .first_key = s->key_count, .first_byte = s->text.length};
    s->at++;
    return RJ_OK;
}

static rj_status scan_key(scanner *s)
{
    if (s->key_count == s->key_capacity) {
        size_t capacity = s->key_capacity ? s->key_capacity * 2 : 32;
        key *keys = rj_realloc_array(s->keys, capacity, sizeof *keys);
        if (!keys)
            return rj_fail_memory(s->err, "reading JSON");
        s->keys = keys;
        s->key_capacity = capacity;
    }
    key k = {.at = s->at, .offset = s->text.length};
    rj_status status = scan_string(s, &s->text);
    if (status)
        return status;
    if (s->text.failed)
        return rj_fail_memory(s->err, "reading JSON");
    k.length = s->text.length - k.offset;
    s->keys[s->key_count++] = k;
    skip_blanks(s);
    if (s->at >= s->end || *s->at != ':')
        return unexpected(s, "':'");
    s->at++;
    return RJ_OK;
}

static unsigned char folded(const scanner *s, char c)
{
    return s->limits->fold_keys && c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a')
                                                        : (unsigned char)c;
}

static int compare_names(const scanner *s, const key *a, const key *b)
{
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    const char *x = s->text.bytes + a->offset;
    const char *y = s->text.bytes + b->offset;
    for (size_t i = 0; i < a->length; i++) {
        int difference = folded(s, x[i]) - folded(s, y[i]);
        if (difference)
            return difference;
    }
    return 0;
}

static bool key_less(const scanner *s, const key *a, const key *b)
{
    int order = compare_names(s, a, b);
    return order ? order < 0 : a->at < b->at;
}

static void sift_down(const scanner *s, key *keys, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && key_less(s, &keys[child], &keys[child + 1]))
            child++;
        if (!key_less(s, &keys[root], &keys[child]))
            return;
        key swap = keys[root];
        keys[root] = keys[child];
        keys[child] = swap;
        root = child;
    }
}

/* Heap sort: no extra memory, and no input makes it slow. */
static void sort_keys(const scanner *s, key *keys, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(s, keys, i, count);
    for (size_t last = count; last-- > 1;) {
        key swap = keys[0];
        keys[0] = keys[last];
        keys[last] = swap;
        sift_down(s, keys, 0, last);
    }
}

static rj_status check_duplicates(scanner *s, const frame *f)
{
    size_t count = s->key_count - f->first_key;
    if (count < 2)
        return RJ_OK;
    key *keys = s->keys + f->first_key;
    sort_keys(s, keys, count);
    const key *first = NULL;
    bool same_case = true;
    for (size_t i = 1; i < count; i++) {
        if (compare_names(s, &keys[i - 1], &keys[i]) != 0 || (first && first->at < keys[i].at))
            continue;
        first = &keys[i];
        same_case = memcmp(s->text.bytes + keys[i - 1].offset, s->text.bytes + keys[i].offset,
                           keys[i].length) == 0;
    }
    if (!first)
        return RJ_OK;
    key found = *first;
    s->keys[s->key_count - 1] = found; /* the pointer shall name it */
    return fault(s, found.at, RJ_E_INVALID,
                 same_case ? "a key that is there already"
                           : "a key that is there already (upper and lower case are the same)");
}

static rj_status close_level(scanner *s)
{
    frame f = s->frames[s->depth - 1];
    rj_status status = f.object ? check_duplicates(s, &f) : RJ_OK;
    if (status)
        return status;
    s->depth--;
    s->key_count = f.first_key;
    s->text.length = f.first_byte;
    s->at++;
    return RJ_OK;
}

/* ---- The grammar ----------------------------------------------------------------------------- */

/* A value begins; *ret_opened when it is an array or object whose content follows. */
static rj_status begin_value(scanner *s, bool *ret_opened)
{
    *ret_opened = false;
    if (s->at >= s->end)
        return unexpected(s, "a value");
    switch (*s->at) {
    case '{':
    case '[':
        *ret_opened = true;
        return open_level(s, *s->at == '{');
    case '"':
        return scan_string(s, NULL);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        if (*s->at == '-' || is_digit(s))
            return scan_number(s);
        return unexpected(s, "a value");
    }
}

/* A key, or nothing in an array; then a value. */
static rj_status begin_member(scanner *s, bool *ret_opened)
{
    skip_blanks(s);
    if (s->frames[s->depth - 1].object) {
        if (s->at >= s->end || *s->at != '"')
            return unexpected(s, "a key in quotes");
        rj_status status = scan_key(s);
        if (status)
            return status;
        skip_blanks(s);
    }
    return begin_value(s, ret_opened);
}

static rj_status scan_document(scanner *s)
{
    bool opened;
    skip_blanks(s);
    rj_status status = begin_value(s, &opened);
    while (!status && s->depth) {
        skip_blanks(s);
        frame *f = &s->frames[s->depth - 1];
        char closing = f->object ? '}' : ']';
        if (s->at < s->end && *s->at == closing) {
            status = close_level(s);
            opened = false;
        } else if (opened) {
            status = begin_member(s, &opened);
        } else if (s->at < s->end && *s->at == ',') {
            s->at++;
            f->index++;
            status = begin_member(s, &opened);
        } else {
            status = unexpected(s, f->object ? "',' or '}'" : "',' or ']'");
        }
    }
    if (status)
        return status;
    skip_blanks(s);
    return s->at < s->end ? unexpected(s, "the end") : RJ_OK;
}

rj_status rj_json_scan(const char *name, const char *bytes, size_t length,
                       const rj_json_limits *limits, rj_error *err)
{
    scanner s = {.name = name,
                 .start = bytes,
                 .at = bytes,
                 .end = bytes + length,
                 .limits = limits,
                 .err = err};
    rj_status status = scan_document(&s);
    rj_free(s.frames);
    rj_free(s.keys);
    rj_text_free(&s.text);
    return status;
}
