/* SPDX-License-Identifier: MIT */
/* The installed packages and which of them a package list offers newer; see package_list.h. */
#include "package_list.h"

#include <stdlib.h>
#include <string.h>

#include "debian_version.h"
#include "list_file.h"

#define MAX_INSTALLED 200000
#define STOP_INTERVAL 256

static const char out_of_memory[] = "cannot be read: out of memory";
static const char stopped[] = "was not read to its end";

/* One paragraph of a status file or package list. */
typedef struct stanza {
    char name[PACKAGE_FIELD];
    char architecture[PACKAGE_FIELD];
    char version[PACKAGE_FIELD];
    char status[PACKAGE_FIELD];
} stanza;

static void take_field(const char *line, const char *field, char *value)
{
    size_t length = strlen(field);

    if (strncmp(line, field, length) != 0 || line[length] != ':')
        return;
    line += length + 1;
    line += strspn(line, " \t");
    length = strcspn(line, "\r");
    if (length >= PACKAGE_FIELD)
        length = 0; /* no such name or version exists: as if it were not there */
    memcpy(value, line, length);
    value[length] = '\0';
}

/* False: no more. */
static bool next_stanza(list_file *file, stanza *ret_stanza)
{
    bool any = false;
    const char *line;

    *ret_stanza = (stanza){0};
    while (list_file_line(file, &line)) {
        if (line[0] == '\0' && any)
            return true;
        if (line[0] == '\0')
            continue;
        any = true;
        switch (line[0]) {
        case 'P':
            take_field(line, "Package", ret_stanza->name);
            break;
        case 'A':
            take_field(line, "Architecture", ret_stanza->architecture);
            break;
        case 'V':
            take_field(line, "Version", ret_stanza->version);
            break;
        case 'S':
            take_field(line, "Status", ret_stanza->status);
            break;
        default:
            break;
        }
    }
    return any;
}

/* "install ok installed": the third word; files are there unless it is one of two. */
static bool has_files(const char *status)
{
    const char *word = strrchr(status, ' ');

    return word && strcmp(word + 1, "not-installed") != 0 && strcmp(word + 1, "config-files") != 0;
}

static bool add_installed(installed_packages *packages, const stanza *found)
{
    size_t name = strlen(found->name) + 1, architecture = strlen(found->architecture) + 1;
    size_t version = strlen(found->version) + 1;
    installed_package *entry;

    if (packages->count == packages->capacity) {
        size_t capacity = packages->capacity ? packages->capacity * 2 : 1024;
        installed_package *grown = realloc(packages->entries, capacity * sizeof *grown);

        if (!grown)
            return false;
        packages->entries = grown;
        packages->capacity = capacity;
    }
    entry = &packages->entries[packages->count];
    *entry = (installed_package){.name = malloc(name + architecture + version)};
    if (!entry->name)
        return false;
    entry->architecture = entry->name + name;
    entry->version = entry->architecture + architecture;
    memcpy(entry->name, found->name, name);
    memcpy(entry->architecture, found->architecture, architecture);
    memcpy(entry->version, found->version, version);
    packages->count++;
    return true;
}

static int compare_names(const void *left, const void *right)
{
    const installed_package *a = left, *b = right;

    return strcmp(a->name, b->name);
}

const char *installed_read(installed_packages *ret_packages, const char *root, const char *path,
                           package_list_stop stop, const void *data)
{
    installed_packages packages = {0};
    const char *reason = NULL;
    list_file *file = list_file_open(root, path, &reason);
    size_t read = 0;
    stanza found;

    if (!file)
        return reason;
    while (!reason && next_stanza(file, &found)) {
        if (++read % STOP_INTERVAL == 0 && stop(data))
            reason = stopped;
        else if (read > MAX_INSTALLED)
            reason = "names more packages than accepted";
        else if (found.name[0] && found.version[0] && has_files(found.status) &&
                 !add_installed(&packages, &found))
            reason = out_of_memory;
    }
    if (!reason)
        reason = list_file_error(file);
    if (!reason && !packages.count)
        reason = "names no installed package";
    list_file_close(file);
    if (reason) {
        installed_free(&packages);
        return reason;
    }
    qsort(packages.entries, packages.count, sizeof *packages.entries, compare_names);
    *ret_packages = packages;
    return NULL;
}

void installed_free(installed_packages *packages)
{
    for (size_t i = 0; i < packages->count; i++) {
        free(packages->entries[i].name);
        free(packages->entries[i].newer);
    }
    free(packages->entries);
    *packages = (installed_packages){0};
}

/* Index of the first entry of that name, or `count`. */
static size_t find_first(const installed_packages *packages, const char *name)
{
    size_t low = 0, high = packages->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(packages->entries[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < packages->count && strcmp(packages->entries[low].name, name) == 0
               ? low
               : packages->count;
}

/* A package may change between "all" and a real architecture. */
static bool same_architecture(const char *left, const char *right)
{
    return strcmp(left, right) == 0 || strcmp(left, "all") == 0 || strcmp(right, "all") == 0;
}

static bool offer(installed_packages *packages, const stanza *offered)
{
    for (size_t i = find_first(packages, offered->name); i < packages->count; i++) {
        installed_package *entry = &packages->entries[i];
        const char *best = entry->newer ? entry->newer : entry->version;
        char *copy;

        if (strcmp(entry->name, offered->name) != 0)
            break;
        if (!same_architecture(entry->architecture, offered->architecture) ||
            debian_version_compare(offered->version, best) <= 0)
            continue;
        copy = strdup(offered->version);
        if (!copy)
            return false;
        free(entry->newer);
        entry->newer = copy;
    }
    return true;
}

const char *installed_offer(installed_packages *packages, const char *root, const char *path,
                            package_list_stop stop, const void *data)
{
    const char *reason = NULL;
    list_file *file = list_file_open(root, path, &reason);
    size_t read = 0;
    stanza found;

    if (!file)
        return reason;
    while (!reason && next_stanza(file, &found)) {
        if (++read % STOP_INTERVAL == 0 && stop(data))
            reason = stopped;
        else if (found.name[0] && found.version[0] && !offer(packages, &found))
            reason = out_of_memory;
    }
    if (!reason)
        reason = list_file_error(file);
    list_file_close(file);
    return reason;
}
