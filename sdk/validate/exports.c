/* SPDX-License-Identifier: MIT */
/* A reader of 64-bit ELF files that believes no number in them. */
#include "exports.h"

#include "base/alloc.h"
#include "platform/file.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#define FILE_MAX ((size_t)512 << 20)

typedef struct image {
    const char *bytes;
    size_t length;
    const char *path;
} image;

static rj_status damaged(const image *file, rj_error *err)
{
    return rj_fail(err, RJ_E_CORRUPT, "%s: its sections point outside of the file", file->path);
}

/* True if the part is inside the file. */
static bool has(const image *file, uint64_t offset, uint64_t size)
{
    return offset <= file->length && size <= file->length - offset;
}

static rj_status read_header(const image *file, Elf64_Ehdr *ret_header, rj_error *err)
{
    if (file->length < sizeof *ret_header || memcmp(file->bytes, ELFMAG, SELFMAG) != 0)
        return rj_fail(err, RJ_E_INVALID, "%s is no ELF file", file->path);
    memcpy(ret_header, file->bytes, sizeof *ret_header);
    if (ret_header->e_ident[EI_CLASS] != ELFCLASS64 || ret_header->e_type != ET_DYN)
        return rj_fail(err, RJ_E_INVALID, "%s is no 64-bit shared library", file->path);
    if (ret_header->e_shentsize != sizeof(Elf64_Shdr) ||
        !has(file, ret_header->e_shoff, (uint64_t)ret_header->e_shnum * sizeof(Elf64_Shdr)))
        return damaged(file, err);
    return RJ_OK;
}

static void section(const image *file, const Elf64_Ehdr *header, uint32_t index, Elf64_Shdr *ret)
{
    memcpy(ret, file->bytes + header->e_shoff + (uint64_t)index * sizeof *ret, sizeof *ret);
}

static bool is_export(const Elf64_Sym *symbol)
{
    unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    return ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL && symbol->st_shndx != SHN_UNDEF &&
           symbol->st_shndx != SHN_ABS &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static rj_status read_symbols(const image *file, const Elf64_Shdr *symbols, const Elf64_Shdr *names,
                              const char *wanted, bool *ret_has,
                              void (*exported)(void *data, const char *name), void *data,
                              rj_error *err)
{
    if (!has(file, symbols->sh_offset, symbols->sh_size) ||
        !has(file, names->sh_offset, names->sh_size) || !names->sh_size ||
        file->bytes[names->sh_offset + names->sh_size - 1])
        return damaged(file, err);
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols->sh_size; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, file->bytes + symbols->sh_offset + at, sizeof symbol);
        if (symbol.st_name >= names->sh_size)
            return damaged(file, err);
        if (!is_export(&symbol))
            continue;
        const char *name = file->bytes + names->sh_offset + symbol.st_name;
        *ret_has |= strcmp(name, wanted) == 0;
        exported(data, name);
    }
    return RJ_OK;
}

rj_status rj_exports_read(const char *path, const char *wanted, bool *ret_has,
                          void (*exported)(void *data, const char *name), void *data, rj_error *err)
{
    char *bytes = NULL;
    image file = {.path = path};
    Elf64_Ehdr header;
    rj_status status = rj_file_read(path, FILE_MAX, &bytes, &file.length, err);
    file.bytes = bytes;
    if (!status)
        status = read_header(&file, &header, err);
    for (uint32_t i = 0; !status && i < header.e_shnum; i++) {
        Elf64_Shdr symbols;
        Elf64_Shdr names;
        section(&file, &header, i, &symbols);
        if (symbols.sh_type != SHT_DYNSYM)
            continue;
        if (symbols.sh_link >= header.e_shnum) {
            status = damaged(&file, err);
            break;
        }
        section(&file, &header, symbols.sh_link, &names);
        status = read_symbols(&file, &symbols, &names, wanted, ret_has, exported, data, err);
    }
    rj_free(bytes);
    return status;
}
