/* SPDX-License-Identifier: MIT */
/* Assembles a filter of system calls (filter_program_posix.h). */
#include "filter_program_posix.h"

#include <errno.h>
#include <linux/seccomp.h>

#define MOST_SKIPPED 255u /* a jump has 8 bits */

static void put(program *p, uint16_t code, uint32_t operand, uint8_t if_true, uint8_t if_false)
{
    if (p->length == MOST_INSTRUCTIONS) {
        p->broken = true;
        return;
    }
    p->code[p->length++] =
        (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = operand};
}

static void load(program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

void program_load_call(program *p)
{
    load(p, offsetof(struct seccomp_data, nr));
}

void program_load_architecture(program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
}

/* The processors there is a filter for are little-endian: the low word comes first. */
void program_load_low(program *p, size_t argument)
{
    load(p, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));
}

void program_load_high(program *p, size_t argument)
{
    load(p, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + sizeof(uint32_t));
}

void program_keep_bits(program *p, uint32_t mask)
{
    put(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
}

void program_allow(program *p)
{
    put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

void program_refuse(program *p, int error_number)
{
    put(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((uint32_t)error_number & SECCOMP_RET_DATA), 0, 0);
}

void program_kill_unless(program *p, uint32_t value)
{
    put(p, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    put(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

size_t program_begin_if(program *p, uint16_t condition, uint32_t operand)
{
    size_t begun = p->length;
    put(p, (uint16_t)(BPF_JMP | condition | BPF_K), operand, 0, 0);
    return begun;
}

void program_end_if(program *p, size_t begun)
{
    size_t skipped = p->length - begun - 1;
    if (p->broken || skipped > MOST_SKIPPED)
        p->broken = true;
    else
        p->code[begun].jf = (uint8_t)skipped;
}

size_t program_begin_call(program *p, uint32_t call)
{
    return program_begin_if(p, BPF_JEQ, call);
}

void program_end_call(program *p, size_t begun)
{
    program_refuse(p, EPERM);
    program_end_if(p, begun);
}

/* Neighbours share their comparisons: the kernel compiles the program at the start of each worker. */
void program_allow_calls(program *p, const bool *allowed, size_t count)
{
    for (size_t first = 0; first < count; first++) {
        if (!allowed[first])
            continue;
        size_t end = first + 1;
        while (end < count && allowed[end])
            end++;
        put(p, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)first, 0, 2);
        put(p, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)end, 1, 0);
        program_allow(p);
        first = end;
    }
}

void program_allow_values(program *p, const uint32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t value = program_begin_if(p, BPF_JEQ, values[i]);
        program_allow(p);
        program_end_if(p, value);
    }
}

static void refuse_if(program *p, uint16_t condition, uint32_t operand)
{
    size_t refused = program_begin_if(p, condition, operand);
    program_refuse(p, EPERM);
    program_end_if(p, refused);
}

void program_refuse_value(program *p, uint32_t value)
{
    refuse_if(p, BPF_JEQ, value);
}

void program_refuse_bits(program *p, uint32_t bits)
{
    refuse_if(p, BPF_JSET, bits);
}

void program_demand_zero(program *p)
{
    refuse_if(p, BPF_JSET, UINT32_MAX);
}
