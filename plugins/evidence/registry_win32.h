/* SPDX-License-Identifier: MIT */
/* Values of HKEY_LOCAL_MACHINE as evidence: read, not there, or why not. */
#ifndef PLUGINS_EVIDENCE_REGISTRY_WIN32_H
#define PLUGINS_EVIDENCE_REGISTRY_WIN32_H

#include <stddef.h>
#include <stdint.h>

typedef enum registry_outcome {
    REGISTRY_READ,
    REGISTRY_MISSING, /* the value or its key */
    REGISTRY_TYPE,    /* there, but of another type or too long */
    REGISTRY_FAILED,
} registry_outcome;

/* `key` below HKEY_LOCAL_MACHINE, its 64-bit view.  `ret_found` gets what to show: "1", "not there",
 * "error 5". */
registry_outcome registry_number(const char *key, const char *name, uint32_t *ret_number,
                                 char *ret_found, size_t size);
/* A text, in UTF-8; `ret_text` is untouched unless it was read. */
registry_outcome registry_text(const char *key, const char *name, char *ret_text, size_t size);

#endif
