/* SPDX-License-Identifier: MIT */
/* The first frame to a worker, see setup.h. */
#include "runtime/setup.h"

#include "base/alloc.h"

#include <string.h>

static void put_paths(rj_wire_writer *writer, const rj_sandbox *sandbox)
{
    rj_wire_put_u32(writer, (uint32_t)sandbox->path_count);
    for (size_t i = 0; i < sandbox->path_count; i++) {
        rj_wire_put_u32(writer, sandbox->paths[i].write);
        rj_wire_put_text(writer, sandbox->paths[i].path);
    }
}

rj_status rj_setup_write(rj_wire_writer *writer, const rj_setup *setup)
{
    const rj_sandbox *sandbox = &setup->sandbox;
    rj_wire_begin(writer, RJ_WIRE_SETUP, 0);
    rj_wire_put_u32(writer, RJ_WIRE_VERSION);
    rj_wire_put_text(writer, setup->id);
    rj_wire_put_text(writer, setup->version);
    rj_wire_put_list(writer, setup->provides);
    rj_wire_put_list(writer, setup->checks);
    rj_wire_put_list(writer, setup->formats);
    rj_wire_put_text(writer, setup->config);
    rj_wire_put_u64(writer, setup->grace_ms);
    rj_wire_put_u32(writer, sandbox->uid);
    rj_wire_put_u64(writer, sandbox->memory_bytes);
    rj_wire_put_u64(writer, sandbox->file_bytes);
    rj_wire_put_u32(writer, sandbox->files);
    rj_wire_put_u32(writer, sandbox->processes);
    rj_wire_put_u32(writer, sandbox->cpu_seconds);
    rj_wire_put_u32(writer, sandbox->network);
    put_paths(writer, sandbox);
    return rj_wire_end(writer);
}

static rj_sandbox_path *get_paths(rj_wire_reader *reader, size_t *ret_count)
{
    uint32_t count = rj_wire_get_u32(reader);
    if (count > RJ_WIRE_LIST_MAX || count > (size_t)(reader->end - reader->at) / 9)
        reader->failed = true;
    rj_sandbox_path *paths = reader->failed ? NULL : rj_calloc((size_t)count + 1, sizeof *paths);
    if (!paths) {
        reader->failed = true;
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        paths[i].write = rj_wire_get_u32(reader) != 0;
        paths[i].path = rj_wire_get_text(reader);
    }
    *ret_count = count;
    return paths;
}

rj_status rj_setup_read(const rj_wire_frame *frame, rj_setup_copy *ret_setup)
{
    rj_setup_copy copy = {0};
    rj_setup *setup = &copy.setup;
    rj_sandbox *sandbox = &setup->sandbox;
    rj_wire_reader reader = rj_wire_read(frame);
    if (frame->type != RJ_WIRE_SETUP || rj_wire_get_u32(&reader) != RJ_WIRE_VERSION)
        return RJ_E_CORRUPT;
    setup->id = rj_wire_get_text(&reader);
    setup->version = rj_wire_get_text(&reader);
    for (size_t i = 0; i < 3; i++)
        copy.lists[i] = rj_wire_get_list(&reader);
    setup->provides = copy.lists[0];
    setup->checks = copy.lists[1];
    setup->formats = copy.lists[2];
    setup->config = rj_wire_get_text(&reader);
    setup->grace_ms = rj_wire_get_u64(&reader);
    sandbox->uid = rj_wire_get_u32(&reader);
    sandbox->memory_bytes = rj_wire_get_u64(&reader);
    sandbox->file_bytes = rj_wire_get_u64(&reader);
    sandbox->files = rj_wire_get_u32(&reader);
    sandbox->processes = rj_wire_get_u32(&reader);
    sandbox->cpu_seconds = rj_wire_get_u32(&reader);
    sandbox->network = rj_wire_get_u32(&reader);
    copy.paths = get_paths(&reader, &sandbox->path_count);
    sandbox->paths = copy.paths;
    if (!rj_wire_read_end(&reader)) {
        rj_setup_free(&copy);
        return RJ_E_CORRUPT;
    }
    *ret_setup = copy;
    return RJ_OK;
}

void rj_setup_free(rj_setup_copy *setup)
{
    for (size_t i = 0; i < sizeof setup->lists / sizeof setup->lists[0]; i++)
        rj_free((void *)setup->lists[i]);
    rj_free(setup->paths);
    *setup = (rj_setup_copy){0};
}
