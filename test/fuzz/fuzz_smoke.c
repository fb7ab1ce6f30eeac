/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target where there is no libFuzzer.
 *
 *     PROGRAM MUTATIONS FOLDER     every file of FOLDER as it is, then mutations of them
 *
 * The mutations are the same in every run.  A defect ends the program, and the input that showed it
 * is left in the working folder as fuzz-crash.
 */
#include "fuzz_target.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS_MAX 64
#define INPUT_MAX ((size_t)16 * 1024)

typedef struct input {
    uint8_t bytes[INPUT_MAX];
    size_t size;
} input;

static input seeds[SEEDS_MAX];
static size_t seed_count;
static input current;
static uint64_t generator = 1;

static size_t draw(size_t below)
{
    generator = generator * 6364136223846793005u + 1442695040888963407u;
    return below ? (size_t)(generator >> 33) % below : 0;
}

static void keep_input(int number)
{
    int file = open("fuzz-crash", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t written = file < 0 ? -1 : write(file, current.bytes, current.size);
    (void)written;
    signal(number, SIG_DFL);
    raise(number);
}

static void read_seeds(const char *folder)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    while (directory && seed_count < SEEDS_MAX && (entry = readdir(directory))) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        seeds[seed_count].size = fread(seeds[seed_count].bytes, 1, INPUT_MAX, file);
        fclose(file);
        seed_count++;
    }
    if (directory)
        closedir(directory);
}

/* The order of a folder is not fixed. */
static int by_content(const void *a, const void *b)
{
    const input *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return memcmp(x->bytes, y->bytes, x->size);
}

static void replace(size_t at, size_t removed, const uint8_t *bytes, size_t added)
{
    size_t tail = current.size - at - removed;
    if (at + added + tail > INPUT_MAX)
        return;
    memmove(current.bytes + at + added, current.bytes + at + removed, tail);
    memcpy(current.bytes + at, bytes, added);
    current.size = at + added + tail;
}

static void mutate(void)
{
    static const char *const words[] = {"\"",
                                        "\\",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ":",
                                        ",",
                                        "null",
                                        "true",
                                        "-1",
                                        "1e999",
                                        "99999999999999999999",
                                        "\\u0000",
                                        "\\ud800",
                                        "\xc3",
                                        "\n",
                                        "%",
                                        "/",
                                        "..",
                                        "#",
                                        "a",
                                        "SoftwarePackages",
                                        "DependsOn",
                                        "Order",
                                        "ID",
                                        "Args",
                                        "Plugins.a.b"};
    const char *word = words[draw(sizeof(words) / sizeof(words[0]))];
    const input *other = &seeds[draw(seed_count)];
    size_t at = draw(current.size + 1), length = draw(current.size - at + 1);
    size_t from = draw(other->size), some = draw(other->size - from);
    uint8_t byte = (uint8_t)draw(256);
    switch (draw(5)) {
    case 0:
        if (at < current.size)
            current.bytes[at] ^= (uint8_t)(1u << draw(8));
        break;
    case 1:
        replace(at, 0, &byte, 1);
        break;
    case 2:
        replace(at, length < 64 ? length : draw(64), &byte, 0);
        break;
    case 3:
        replace(at, 0, (const uint8_t *)word, strlen(word));
        break;
    default:
        replace(at, 0, other->bytes + from, some);
        break;
    }
}

/* From memory of the exact size, so that a sanitizer sees a read behind it. */
static void run(void)
{
    uint8_t *copy = malloc(current.size ? current.size : 1);
    if (!copy)
        abort();
    memcpy(copy, current.bytes, current.size);
    LLVMFuzzerTestOneInput(copy, current.size);
    free(copy);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s MUTATIONS FOLDER\n", argv[0]);
        return 2;
    }
    size_t mutations = strtoul(argv[1], NULL, 10);
    read_seeds(argv[2]);
    qsort(seeds, seed_count, sizeof(seeds[0]), by_content);
    signal(SIGABRT, keep_input);
    printf("1..1\n");
    if (!seed_count) {
        printf("not ok 1 - %s holds no seeds\n", argv[2]);
        return 1;
    }
    for (size_t i = 0; i < seed_count; i++) {
        current = seeds[i];
        run();
    }
    for (size_t i = 0; i < mutations; i++) {
        const input *seed = &seeds[draw(seed_count)];
        memcpy(current.bytes, seed->bytes, seed->size);
        current.size = seed->size;
        for (size_t steps = 1 + draw(8); steps > 0; steps--)
            mutate();
        run();
    }
    printf("ok 1 - %zu seeds and %zu mutations show no defect\n", seed_count, mutations);
    return 0;
}
