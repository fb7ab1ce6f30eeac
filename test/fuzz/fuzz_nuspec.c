/* SPDX-License-Identifier: MIT */
/* Fuzz target: any bytes as a package manifest. */
#include <stdlib.h>

#include "fuzz_target.h"
#include "nuspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    rj_nuspec nuspec;
    rj_dependencies dependencies;
    rj_failure failure;
    if (rj_nuspec_parse("x", (const char *)bytes, length, &nuspec, &failure) != RJ_OK)
        return 0;
    if (rj_id_problem(nuspec.id))
        abort();
    if (rj_nuspec_dependencies(&nuspec, &dependencies, &failure) == RJ_OK)
        rj_dependencies_clear(&dependencies);
    rj_nuspec_clear(&nuspec);
    return 0;
}
