/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exports.h"

#include "base/alloc.h"
#include "platform/file.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMAGE_MAX 65536u

/* A library of two sections, as small as one can be. */
static size_t make_image(unsigned char *image)
{
    static const char names[] = "\0entry\0other\0weak\0missing";
    Elf64_Ehdr header = {
        .e_type = ET_DYN, .e_shoff = 1024, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 2};
    Elf64_Shdr sections[2] = {
        {.sh_type = SHT_DYNSYM, .sh_offset = 256, .sh_size = 4 * sizeof(Elf64_Sym), .sh_link = 1},
        {.sh_type = SHT_STRTAB, .sh_offset = 128, .sh_size = sizeof names}};
    Elf64_Sym symbols[4] = {
        {.st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 5},
        {.st_name = 7, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_shndx = 5},
        {.st_name = 13, .st_info = ELF64_ST_INFO(STB_WEAK, STT_FUNC), .st_shndx = 5},
        {.st_name = 18, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = SHN_UNDEF}};
    memset(image, 0, IMAGE_MAX);
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    memcpy(image, &header, sizeof header);
    memcpy(image + 128, names, sizeof names);
    memcpy(image + 256, symbols, sizeof symbols);
    memcpy(image + 1024, sections, sizeof sections);
    return 1024 + sizeof sections;
}

typedef struct found {
    char names[100];
} found;

static void on_export(void *data, const char *name)
{
    found *f = data;
    size_t used = strlen(f->names);
    snprintf(f->names + used, sizeof f->names - used, "%s ", name);
}

static rj_status read_image(const unsigned char *image, size_t length, found *f, bool *ret_has,
                            rj_error *err)
{
    char path[] = "/tmp/rj-exports-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image, length), length);
    close(fd);
    rj_status status = rj_exports_read(path, "entry", ret_has, on_export, f, err);
    unlink(path);
    return status;
}

static void what_a_library_defines_for_others_is_listed(void **state)
{
    static unsigned char image[IMAGE_MAX];
    found f = {""};
    bool has = false;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(read_image(image, make_image(image), &f, &has, &err), RJ_OK);
    assert_string_equal(f.names, "entry other ");
    assert_true(has);
}

static void what_is_no_shared_library_is_refused(void **state)
{
    static unsigned char image[IMAGE_MAX];
    found f = {""};
    bool has = false;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    size_t length = make_image(image);
    assert_int_equal(read_image(image, 10, &f, &has, &err), RJ_E_INVALID);
    image[EI_CLASS] = ELFCLASS32;
    assert_int_equal(read_image(image, length, &f, &has, &err), RJ_E_INVALID);
    image[0] = '#';
    assert_int_equal(read_image(image, length, &f, &has, &err), RJ_E_INVALID);
    assert_non_null(strstr(err.text, "no ELF file"));
}

/* Every length, and every byte of headers, sections and symbols in turn. */
static void a_damaged_library_is_refused_and_harms_nobody(void **state)
{
    static unsigned char image[IMAGE_MAX];
    found f = {""};
    bool has = false;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    size_t length = make_image(image);
    for (size_t cut = 0; cut < length; cut += 13)
        assert_int_not_equal(read_image(image, cut, &f, &has, &err), RJ_OK);
    for (size_t at = 0; at < length; at++) {
        unsigned char was = image[at];
        image[at] = 0xff;
        f = (found){""};
        read_image(image, length, &f, &has, &err);
        image[at] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_library_defines_for_others_is_listed),
        cmocka_unit_test(what_is_no_shared_library_is_refused),
        cmocka_unit_test(a_damaged_library_is_refused_and_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
