/* SPDX-License-Identifier: MIT */
/* The tests' scripts for /bin/sh. */
#include "craft_scripts_test.h"

#define SH "#!/bin/sh\n"

const craft_scripts craft_script_that = {
    .succeeds = SH "exit 0\n",
    .fails = SH "exit 1\n",
    .complains = SH "echo no licence >&2\nexit 7\n",
    .refuses = SH "echo in use\nexit 3\n",
    .tells_arguments = SH
    "printf '%s|' \"$@\" >\"$OUT\"\necho >>\"$OUT\"\ncat data/payload.txt >>\"$OUT\"\necho done\n",
    .tells_payload = SH "cat data/payload.txt >\"$OUT\"\necho bye\nexit 194\n",
    .obeys = SH "exit $CODE\n",
    .blocks_record = SH "mkdir ../installed.json.part; echo big >big\n",
    .wants_empty = SH "test -d data/empty\n",
    .leaves_child = SH "sleep 60 &\nexit 0\n",
    .waits_shortly = SH "sleep 0.3\n",
    .waits = SH "sleep 60\n",
    .names_version = SH "# RealmJoin Craft Package ID: hello\n"
                        "# RealmJoin Craft Package Version:  4.5.6 \nexit 0\n",
    .wants_restart = {SH "exit 194\n", "#!/bin/bash\nexit 1641\n"},
    .restart_codes = {"194", "105"},
};
