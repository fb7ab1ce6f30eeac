/* SPDX-License-Identifier: MIT */
/* Choosing a language, a plural form, and putting arguments in; see texts.h. */
#include "session/ui/texts_table.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

#define PSEUDO "qps-ploc"
#define LANGUAGE_MAX 32u

/* ---- Languages ------------------------------------------------------------------------------- */

static const rj_texts *find_language(const char *name, size_t length)
{
    static rj_texts pseudo = {PSEUDO, NULL, 0, true};
    char wanted[LANGUAGE_MAX];
    if (length == 0 || length >= sizeof wanted)
        return NULL;
    memcpy(wanted, name, length);
    wanted[length] = '\0';
    if (rj_ascii_casecmp(wanted, PSEUDO) == 0) {
        pseudo.entries = rj_text_languages[0].entries;
        pseudo.count = rj_text_languages[0].count;
        return &pseudo;
    }
    for (size_t i = 0; i < rj_text_language_count; i++)
        if (rj_ascii_casecmp(wanted, rj_text_languages[i].language) == 0)
            return &rj_text_languages[i];
    return NULL;
}

const rj_texts *rj_texts_for(const char *wishes)
{
    while (wishes && *wishes) {
        size_t whole = strcspn(wishes, ":"), bare = strcspn(wishes, ":-_");
        const rj_texts *found = find_language(wishes, whole);
        if (!found)
            found = find_language(wishes, bare);
        if (found)
            return found;
        wishes += whole + (wishes[whole] == ':');
    }
    return &rj_text_languages[0];
}

const rj_texts *rj_texts_own(void)
{
    char *wishes = rj_texts_wishes();
    const rj_texts *texts = rj_texts_for(wishes);
    rj_free(wishes);
    return texts;
}

const char *rj_texts_language(const rj_texts *texts)
{
    return texts->language;
}

/* ---- Plural forms, as CLDR has them for whole numbers ---------------------------------------- */

static int form_of(const char *language, int64_t count)
{
    if (strcmp(language, "pl") == 0) {
        int64_t ten = count % 10, hundred = count % 100;
        if (count == 1)
            return RJ_FORM_ONE;
        return ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14) ? RJ_FORM_FEW : RJ_FORM_MANY;
    }
    if (strcmp(language, "fr") == 0 && count == 0)
        return RJ_FORM_ONE;
    return count == 1 ? RJ_FORM_ONE : RJ_FORM_OTHER;
}

static const rj_text_entry *find_entry(const rj_texts *texts, const char *id)
{
    size_t from = 0, to = texts->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(id, texts->entries[middle].id);
        if (order == 0)
            return &texts->entries[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

static const char *find_text(const rj_texts *texts, const char *id, const rj_text_value *values)
{
    const rj_text_entry *entry = find_entry(texts, id);
    int form = RJ_FORM_OTHER;
    if (!entry)
        return NULL;
    for (; values && values->name; values++)
        if (strcmp(values->name, "count") == 0)
            form = form_of(texts->language, values->number);
    return entry->forms[form] ? entry->forms[form] : entry->forms[RJ_FORM_OTHER];
}

/* ---- Making ---------------------------------------------------------------------------------- */

static void add_accented(rj_text *text, char letter)
{
    static const char letters[] = "aceinouyACEINOUY";
    static const char *const accented[] = {"\xc3\xa0", "\xc3\xa7", "\xc3\xa9", "\xc3\xae",
                                           "\xc3\xb1", "\xc3\xb6", "\xc3\xbc", "\xc3\xbd",
                                           "\xc3\x80", "\xc3\x87", "\xc3\x89", "\xc3\x8e",
                                           "\xc3\x91", "\xc3\x96", "\xc3\x9c", "\xc3\x9d"};
    const char *at = letter ? strchr(letters, letter) : NULL;
    if (at)
        rj_text_add(text, accented[at - letters]);
    else
        rj_text_append(text, &letter, 1);
}

static void add_value(rj_text *text, const char *name, size_t length, const rj_text_value *values)
{
    for (; values && values->name; values++) {
        if (strlen(values->name) != length || strncmp(values->name, name, length) != 0)
            continue;
        if (values->text)
            rj_text_add(text, values->text);
        else
            rj_text_addf(text, "%lld", (long long)values->number);
        return;
    }
}

/* Some 40 % longer, as other languages are. */
static void add_padding(rj_text *text, size_t length)
{
    static const char *const words[] = {" one", " two", " three", " four", " five", " six"};
    for (size_t i = 0, added = 0; added * 10 < length * 4; i++) {
        rj_text_add(text, words[i % 6]);
        added += strlen(words[i % 6]);
    }
}

char *rj_texts_make(const rj_texts *texts, const char *id, const rj_text_value *values)
{
    const char *from = find_text(texts, id, values);
    if (!from)
        return rj_strdup(id); /* without brackets, so that a test of the pseudo-language finds it */
    size_t length = strlen(from);
    bool pseudo = texts->pseudo && strcmp(id, "dir") != 0;
    rj_text text = RJ_TEXT_EMPTY;
    if (pseudo)
        rj_text_add(&text, "[!! ");
    while (*from) {
        size_t name = *from == '{' ? strcspn(from + 1, "}") : 0;
        if (name) {
            add_value(&text, from + 1, name, values);
            from += name + 2;
        } else if (pseudo) {
            add_accented(&text, *from++);
        } else {
            rj_text_append(&text, from++, 1);
        }
    }
    if (pseudo) {
        add_padding(&text, length);
        rj_text_add(&text, " !!]");
    }
    return rj_text_take(&text);
}
