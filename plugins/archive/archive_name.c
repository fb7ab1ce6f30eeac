/* SPDX-License-Identifier: MIT */
/*
 * Entry names: decoding, and the rules a decoded name must meet to be created below a folder.
 *
 * The rules are those of every system at once: a package that is safe here is safe on Windows, and
 * names that two systems read differently (trailing blanks, device names, streams) are refused
 * everywhere.
 *
 * Case folding is simple folding (one character to one character) of Latin, Greek, Cyrillic,
 * Armenian, the letter-like signs and full-width forms: the alphabets in which file systems that
 * ignore case are used.  Canonical equivalence (composed and decomposed accents) is not looked at.
 */
#include "archive_internal.h"

#include <stdio.h>
#include <string.h>

/* Code page 437, 0x80..0xFF: what a name without the UTF-8 flag means. */
static const uint16_t cp437[128] = {
    0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF,
    0x00EE, 0x00EC, 0x00C4, 0x00C5, 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9,
    0x00FF, 0x00D6, 0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192, 0x00E1, 0x00ED, 0x00F3, 0x00FA,
    0x00F1, 0x00D1, 0x00AA, 0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255D, 0x255C, 0x255B, 0x2510, 0x2514, 0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F,
    0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C, 0x2588, 0x2584, 0x258C, 0x2590, 0x2580,
    0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4, 0x03A6, 0x0398, 0x03A9, 0x03B4,
    0x221E, 0x03C6, 0x03B5, 0x2229, 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00F7, 0x2248,
    0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0,
};

/* Length of the valid UTF-8 character at `s` (at most `n` bytes), 0 if there is none. */
static size_t utf8_decode(const unsigned char *s, size_t n, uint32_t *ret_code)
{
    if (n == 0)
        return 0;
    if (s[0] < 0x80) {
        *ret_code = s[0];
        return 1;
    }
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || length > n)
        return 0;
    uint32_t code = s[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *ret_code = code;
    return length;
}

static size_t utf8_encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte of an escape "%XX" at `s`, or -1. */
static int escape_at(const unsigned char *s, size_t n)
{
    if (n < 3 || s[0] != '%' || hex_value(s[1]) < 0 || hex_value(s[2]) < 0)
        return -1;
    return hex_value(s[1]) * 16 + hex_value(s[2]);
}

/* Decode escapes in place, once; those that give no valid UTF-8 stay as they are. */
static size_t percent_decode_once(unsigned char *text, size_t length)
{
    size_t in = 0, out = 0;
    while (in < length) {
        int byte = escape_at(text + in, length - in);
        if (byte < 0) {
            text[out++] = text[in++];
            continue;
        }
        unsigned char bytes[4];
        size_t have = 0, need = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
        while (have < need) {
            int next = escape_at(text + in + have * 3, length - in - have * 3);
            if (next < 0)
                break;
            bytes[have++] = (unsigned char)next;
        }
        uint32_t code = 0;
        if (have == need && utf8_decode(bytes, have, &code) == need) {
            memcpy(text + out, bytes, need);
            out += need;
            in += need * 3;
        } else {
            text[out++] = text[in++];
        }
    }
    return out;
}

/* Every byte to UTF-8; NULL or what is wrong. */
static const char *to_utf8(const unsigned char *raw, size_t length, int utf8_flag, char *name,
                           size_t *ret_length)
{
    size_t in = 0, out = 0;
    uint32_t code;
    while (in < length) {
        size_t n = utf8_decode(raw + in, length - in, &code);
        if (n == 0)
            break;
        in += n;
    }
    if (in == length) {
        memcpy(name, raw, length);
        *ret_length = length;
        return NULL;
    }
    if (utf8_flag)
        return "the name is marked as UTF-8 and is not";
    for (in = 0; in < length; in++)
        out += utf8_encode(raw[in] < 0x80 ? raw[in] : cp437[raw[in] - 0x80], name + out);
    *ret_length = out;
    return NULL;
}

static int ascii_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* `text` is lower-case ASCII. */
static int equals_ignoring_case(const char *segment, size_t length, const char *text)
{
    size_t i = 0;
    for (; i < length && text[i]; i++)
        if (ascii_lower((unsigned char)segment[i]) != text[i])
            return 0;
    return i == length && !text[i];
}

/* CON, NUL, COM1 ... with or without an extension. */
static int is_device_name(const char *segment, size_t length)
{
    static const char *const whole[] = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"};
    size_t stem = 0;
    while (stem < length && segment[stem] != '.')
        stem++;
    while (stem > 0 && segment[stem - 1] == ' ')
        stem--;
    for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
        if (equals_ignoring_case(segment, stem, whole[i]))
            return 1;
    if (stem < 4 ||
        !(equals_ignoring_case(segment, 3, "com") || equals_ignoring_case(segment, 3, "lpt")))
        return 0;
    if (stem == 4)
        return segment[3] >= '0' && segment[3] <= '9';
    /* superscript one, two and three count as digits there */
    return stem == 5 &&
           (memcmp(segment + 3, "\xC2\xB9", 2) == 0 || memcmp(segment + 3, "\xC2\xB2", 2) == 0 ||
            memcmp(segment + 3, "\xC2\xB3", 2) == 0);
}

static size_t utf16_units(const char *text, size_t length)
{
    size_t units = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c & 0xC0) != 0x80)
            units += c >= 0xF0 ? 2 : 1;
    }
    return units;
}

static const char *segment_problem(const char *segment, size_t length)
{
    if (length == 0)
        return "the name has an empty segment";
    if ((length == 1 && segment[0] == '.') || (length == 2 && memcmp(segment, "..", 2) == 0))
        return "the name leaves its folder ('.' or '..')";
    if (segment[length - 1] == '.' || segment[length - 1] == ' ')
        return "the name has a segment that ends in a dot or a blank";
    if (is_device_name(segment, length))
        return "the name is a reserved device name";
    if (length > 255 && (length > 255 * 3 || utf16_units(segment, length) > 255))
        return "the name has a segment of more than 255 characters";
    /* the limit of the file systems here counts bytes */
    if (length > 255)
        return "the name has a segment of more than 255 bytes";
    return NULL;
}

static const char *character_problem(const unsigned char *name, size_t length, int percent_decode)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = name[i];
        if (c == 0)
            return "the name has a NUL character";
        if (c < 0x20 || c == 0x7F || (c == 0xC2 && i + 1 < length && name[i + 1] < 0xA0))
            return "the name has a control character";
        if (c == '\\')
            return "the name has a backslash";
        if (c == ':')
            return "the name has a colon (drive or stream)";
        int escape = percent_decode ? escape_at(name + i, length - i) : -1;
        if (escape == '.' || escape == '/' || escape == '\\')
            return "the name is encoded twice";
    }
    return NULL;
}

const char *rj_name_decode(const unsigned char *raw, size_t length, int utf8_flag,
                           int percent_decode, const rj_archive_limits *limits, char *name)
{
    size_t n = 0;
    const char *problem = to_utf8(raw, length, utf8_flag, name, &n);
    if (problem)
        return problem;
    if (percent_decode && n > 0 && name[0] == '/')
        memmove(name, name + 1, --n);
    if (percent_decode)
        n = percent_decode_once((unsigned char *)name, n);
    name[n] = '\0';
    if (n == 0)
        return "the name is empty";
    if (n > limits->path_bytes)
        return "the name is too long";
    problem = character_problem((const unsigned char *)name, n, percent_decode);
    if (problem)
        return problem;
    if (name[0] == '/')
        return "the name is absolute";
    uint32_t depth = 0;
    for (size_t start = 0; start < n;) {
        const char *slash = memchr(name + start, '/', n - start);
        size_t end = slash ? (size_t)(slash - name) : n;
        problem = segment_problem(name + start, end - start);
        if (problem)
            return problem;
        if (++depth > limits->depth)
            return "the name has too many folders";
        start = end + 1;
    }
    return NULL;
}

int rj_archive_is_safe_segment(const char *text)
{
    size_t length = strlen(text);
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t code;
    for (size_t i = 0; i < length;) {
        size_t n = utf8_decode(bytes + i, length - i, &code);
        if (n == 0 || code == '/')
            return 0;
        i += n;
    }
    return !character_problem(bytes, length, 0) && !segment_problem(text, length);
}

/* Both of an upper/lower pair of neighbours to the second one. */
static uint32_t fold_pair(uint32_t c, uint32_t upper_is_odd)
{
    return (c & 1u) == upper_is_odd ? c + 1 : c;
}

static uint32_t fold_latin(uint32_t c)
{
    if (c == 0xB5)
        return 0x3BC;
    if (c >= 0xC0 && c <= 0xDE)
        return c == 0xD7 ? c : c + 32;
    if (c == 0x130 || c == 0x131)
        return 'i';
    if (c == 0x178)
        return 0xFF;
    if (c == 0x17F)
        return 's';
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177))
        return fold_pair(c, 0);
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return fold_pair(c, 1);
    if (c >= 0x1CD && c <= 0x1DC)
        return fold_pair(c, 1);
    if ((c >= 0x1DE && c <= 0x1EF) || (c >= 0x1F8 && c <= 0x21F) || (c >= 0x222 && c <= 0x233))
        return fold_pair(c, 0);
    return c;
}

static uint32_t fold_greek_cyrillic(uint32_t c)
{
    if (c == 0x386)
        return 0x3AC;
    if (c >= 0x388 && c <= 0x38A)
        return c + 37;
    if (c == 0x38C)
        return 0x3CC;
    if (c == 0x38E || c == 0x38F)
        return c + 63;
    if (c >= 0x391 && c <= 0x3AB)
        return c + 32;
    if (c == 0x3C2)
        return 0x3C3;
    if (c >= 0x3D8 && c <= 0x3EF)
        return fold_pair(c, 0);
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    if (c >= 0x410 && c <= 0x42F)
        return c + 32;
    if (c == 0x4C0)
        return 0x4CF;
    if (c >= 0x4C1 && c <= 0x4CE)
        return fold_pair(c, 1);
    if ((c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F))
        return fold_pair(c, 0);
    if (c >= 0x531 && c <= 0x556)
        return c + 48;
    return c;
}

static uint32_t fold(uint32_t c)
{
    if (c < 0x80)
        return (uint32_t)ascii_lower((int)c);
    if (c < 0x250)
        return fold_latin(c);
    if (c < 0x590)
        return fold_greek_cyrillic(c);
    if ((c >= 0x1E00 && c <= 0x1E95) || (c >= 0x1EA0 && c <= 0x1EFF))
        return fold_pair(c, 0);
    if (c == 0x1E9E)
        return 0xDF;
    if (c == 0x2126)
        return 0x3C9;
    if (c == 0x212A)
        return 'k';
    if (c == 0x212B)
        return 0xE5;
    if (c >= 0x2160 && c <= 0x216F)
        return c + 16;
    if (c >= 0x24B6 && c <= 0x24CF)
        return c + 26;
    if (c >= 0xFF21 && c <= 0xFF3A)
        return c + 32;
    return c;
}

size_t rj_name_fold(const char *name, char *folded)
{
    size_t length = strlen(name), out = 0;
    for (size_t i = 0; i < length;) {
        uint32_t code = 0;
        size_t n = utf8_decode((const unsigned char *)name + i, length - i, &code);
        if (n == 0) { /* cannot happen for a decoded name */
            folded[out++] = name[i++];
            continue;
        }
        out += utf8_encode(fold(code), folded + out);
        i += n;
    }
    folded[out] = '\0';
    return out;
}

void rj_name_printable(const unsigned char *raw, size_t length, char *text, size_t size)
{
    size_t out = 0;
    for (size_t i = 0; i < length && out + 8 < size;) {
        uint32_t code = 0;
        size_t n = utf8_decode(raw + i, length - i, &code);
        if (n == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0)) {
            out += (size_t)snprintf(text + out, size - out, "\\x%02x", raw[i]);
            i++;
        } else {
            memcpy(text + out, raw + i, n);
            out += n;
            i += n;
        }
        if (out + 12 >= size && i < length) {
            memcpy(text + out, "...", 3);
            out += 3;
            break;
        }
    }
    text[out] = '\0';
}
