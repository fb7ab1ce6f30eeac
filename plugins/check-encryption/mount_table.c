/* SPDX-License-Identifier: MIT */
/* The mounted file systems, from the text of /proc/self/mountinfo; see mount_table.h. */
#include "mount_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_octal(char digit)
{
    return digit >= '0' && digit <= '7';
}

void mount_table_unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static bool parse_line(mount_entry *ret_entry, char *line)
{
    char *save = NULL, *field = NULL, *fields[5];

    for (size_t i = 0; i < 5; i++) {
        field = strtok_r(i == 0 ? line : NULL, " ", &save);
        if (!field)
            return false;
        fields[i] = field;
    }
    do
        field = strtok_r(NULL, " ", &save);
    while (field && strcmp(field, "-") != 0);
    ret_entry->type = strtok_r(NULL, " ", &save);
    ret_entry->source = ret_entry->type ? strtok_r(NULL, " ", &save) : NULL;
    if (!field || !ret_entry->source || fields[4][0] != '/' ||
        sscanf(fields[2], "%7u:%7u", &ret_entry->major, &ret_entry->minor) != 2)
        return false;
    ret_entry->point = fields[4];
    mount_table_unescape(ret_entry->point);
    mount_table_unescape(ret_entry->source);
    return true;
}

bool mount_table_parse(mount_table *ret_table, char *text)
{
    mount_table table = {.text = text};
    size_t lines = 1;
    char *save = NULL;

    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    table.entries = calloc(lines, sizeof *table.entries);
    if (!table.entries) {
        free(text);
        return false;
    }
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (parse_line(&table.entries[table.count], line))
            table.count++;
        else
            table.skipped++;
    }
    *ret_table = table;
    return true;
}

void mount_table_free(mount_table *table)
{
    free(table->entries);
    free(table->text);
    *table = (mount_table){0};
}

const mount_entry *mount_table_at(const mount_table *table, const char *point)
{
    for (size_t i = table->count; i > 0; i--)
        if (strcmp(table->entries[i - 1].point, point) == 0)
            return &table->entries[i - 1];
    return NULL;
}

const mount_entry *mount_table_holding(const mount_table *table, const char *path)
{
    const mount_entry *best = NULL;
    size_t best_length = 0;

    for (size_t i = 0; i < table->count; i++) {
        const char *point = table->entries[i].point;
        size_t length = strcmp(point, "/") == 0 ? 0 : strlen(point);

        if (strncmp(path, point, length) != 0 || (path[length] != '/' && path[length] != '\0'))
            continue;
        if (!best || length >= best_length) {
            best = &table->entries[i];
            best_length = length;
        }
    }
    return best;
}
