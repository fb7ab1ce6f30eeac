#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every house rule finds what it is there for, and leaves alone what is allowed."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import house_rules as rules  # noqa: E402
import tap  # noqa: E402

FILES = {
    "plugins/check-x/check_x.h",
    "plugins/archive/archive.h",
    "plugins/evidence/evidence.h",
    "test/support/plugin_host.h",
    "core/base/text.h",
}


def found(rule, path, text):
    return rules.findings(rule, rules.Source(path, text), lambda name: name in FILES)


def expect(rule, path, bad=(), good=()):
    for text in bad:
        assert found(rule, path, text), f"not found in {path}: {text!r}"
    for text in good:
        assert not found(rule, path, text), f"wrongly found in {path}: {found(rule, path, text)}"


@tap.test()
def core_includes_only_downwards():
    rule = rules.include_direction
    expect(
        rule,
        "core/engine/plan.c",
        bad=[
            '#include "ipc/server.h"',
            '#include "service/main.h"',
            '#include "../base/text.h"',
            '#include "plugins/check-x/check_x.h"',
            '#include "unknown/x.h"',
        ],
        good=[
            '#include "base/text.h"\n#include "host/host.h"\n#include "engine/plan.h"\n#include "plan.h"',
            "#include <realmjoin/plugin.h>\n#include <stdio.h>",
        ],
    )
    expect(rule, "core/base/text.c", bad=['#include "platform/file.h"'], good=['#include "base/text.h"'])
    expect(rule, "core/service/main.c", bad=['#include "session/run.h"'], good=['#include "ipc/server.h"'])
    expect(
        rule,
        "core/session/ui/model.c",
        bad=['#include "session/cli/output.h"', '#include "session/command/command.h"'],
        good=['#include "session/ui/texts.h"\n#include "session/desktop.h"'],
    )
    expect(rule, "core/session/desktop.c", bad=['#include "session/ui/texts.h"'])
    expect(rule, "core/session/main.c", good=['#include "session/command/dispatch.h"'])
    expect(rule, "core/runtime/loop.c", bad=['#include "engine/plan.h"'], good=['#include "host/host.h"'])


@tap.test()
def a_plugin_includes_itself_and_the_sdk_only():
    rule = rules.include_direction
    expect(
        rule,
        "plugins/check-x/check_x.c",
        bad=[
            '#include "base/text.h"',
            "#include <base/text.h>",
            '#include "../../core/base/text.h"',
            '#include "plugin_host.h"',
            '#include "../archive/archive.h"',
        ],
        good=['#include "check_x.h"\n#include <realmjoin/check.h>\n#include <expat.h>'],
    )
    expect(rule, "plugins/check-x/x_posix.c", good=['#include "evidence.h"'])
    expect(rule, "plugins/check-x/check_x_test.c", good=['#include "plugin_host.h"'])
    expect(rule, "plugins/package-z/z.c", good=['#include "../archive/archive.h"\n#include "archive.h"'])


@tap.test()
def an_sdk_header_includes_the_sdk_only():
    path = "sdk/include/realmjoin/check.h"
    expect(rules.include_direction, path, bad=['#include "plugin.h"'], good=["#include <realmjoin/plugin.h>"])


@tap.test()
def system_headers_are_found_outside_the_platform_parts():
    bad = ["#include <unistd.h>", "#include <fcntl.h>", "# include <sys/stat.h>", "#include <windows.h>"]
    expect(rules.system_headers, "core/engine/plan.c", bad=bad, good=["#include <string.h>\n#include <signal.h>"])
    for path in ("core/platform/posix/file.c", "plugins/x/x_posix.c", "core/base/text_test.c", "test/e2e/child.c"):
        expect(rules.system_headers, path, good=bad)


@tap.test()
def system_conditions_are_found_outside_the_platform_parts():
    bad = ["#ifdef _WIN32", "#if defined(__linux__) && 1", "#elif defined(_MSC_VER)"]
    expect(rules.system_macros, "core/engine/plan.c", bad=bad, good=["/* #ifdef _WIN32 */\n#ifdef RJ_X"])
    expect(rules.system_macros, "plugins/x/x_test.c", bad=bad)
    for path in ("core/platform/file.h", "plugins/x/x_win32.c", "sdk/include/realmjoin/plugin.h"):
        expect(rules.system_macros, path, good=bad)


@tap.test()
def unsafe_calls_are_found_but_not_in_text_or_as_members():
    expect(
        rules.unsafe_calls,
        "core/engine/plan.c",
        bad=["    system(line);", "x = popen (a, b);", "strcpy(a, b);", "sprintf(a, b);", "gets(a);"],
        good=["/* never system() */", 'log("strcpy()");', "rj_system(x);", "a->system(x);", "snprintf(a, 1, b);"],
    )


@tap.test()
def unfinished_words_are_found_in_sources():
    bad = ["/* TODO later */", "// FIXME", 'fail("Not implemented");', "/* a stub */"]
    expect(rules.unfinished_words, "core/engine/plan.c", bad=bad, good=["/* done */ int stubborn;", '"/tmp/x.XXXXXX"'])
    expect(rules.unfinished_words, "test/e2e/install.py", bad=["# TODO"])


@tap.test()
def paths_and_hosts_of_one_machine_are_found():
    expect(
        rules.machine_paths,
        "docs/x.md",
        # Put together here, so that the names themselves do not stand in the tree.
        bad=["see /" "work/main", "`/" "home/joe/x`", "(/" "root/x)", "from deb." "debian.org", "https://api." "nuget.org/v3"],
        good=["/home/alice/x", "$tmp/work/x", "network/root/x", "/var/lib/realmjoin", "https://example.org/"],
    )


@tap.test()
def links_that_lead_nowhere_are_found_in_documents():
    expect(
        rules.dead_links,
        "core/base/README.md",
        bad=["see [x](text.c)", "![p](../p.png)", "[x](../../core/base/text.h) [y](gone.md#part)", "[x](/core/base/text.h)"],
        good=["see [x](text.h)", "[x](../../test/support/plugin_host.h#a)", "[x](#part)", "[x](https://example.com/)"],
    )
    expect(rules.dead_links, "core/base/text.c", good=["/* [x](gone.c) */"])


@tap.test()
def a_missing_licence_line_is_found():
    expect(rules.licence_lines, "core/base/text.c", bad=["int x;\n"], good=["/* SPDX-License-Identifier: MIT */\n"])
    expect(rules.licence_lines, "packaging/tool", bad=["#!/bin/sh\n"], good=["#!/bin/sh\n# SPDX-License-Identifier: MIT\n"])
    expect(rules.licence_lines, "docs/x.md", good=["text\n"])


@tap.test()
def a_long_file_and_a_vague_name_are_found():
    expect(rules.file_lengths, "core/base/text.c", bad=["x\n" * 601], good=["x\n" * 600])
    for name in ("utils.c", "string_util.h", "common.py", "package_manager.c", "test_helper.c"):
        expect(rules.file_names, f"core/base/{name}", bad=["x"])
    expect(rules.file_names, "core/base/text.c", good=["x"])


tap.main()
