#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `meson install` puts on a system: every part has its place.

The build folder is RJ_BUILD_ROOT.  Nothing is installed; meson says what it would do.
"""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402

BUILD = os.environ["RJ_BUILD_ROOT"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def targets():
    shown = subprocess.run(["meson", "introspect", "--installed", BUILD], capture_output=True, check=True, text=True)
    return set(json.loads(shown.stdout).values())


def assert_installed(*wanted):
    missing = set(wanted) - targets()
    assert not missing, f"not installed: {sorted(missing)}"


@tap.test()
def programs_unit_links_and_autostart_are_where_the_system_looks():
    assert_installed(
        "/usr/bin/realmjoin",
        "/usr/bin/rj-validate",
        "/usr/libexec/realmjoin/realmjoinservice",
        "/usr/lib/systemd/system/realmjoinservice.service",
        "/usr/share/applications/realmjoin.desktop",
        "/etc/xdg/autostart/realmjoin-session.desktop",
    )


@tap.test()
def manual_pages_and_completion_are_installed():
    pages = [f"/usr/share/man/man{p.suffix[1:]}/{p.name}" for p in (SOURCE / "docs/man").iterdir()]
    assert len(pages) >= 2
    assert_installed("/usr/share/bash-completion/completions/realmjoin", *pages)


@tap.test()
def each_plugin_is_installed_with_its_manifest():
    plugins = sorted(p.parent.name for p in (SOURCE / "plugins").glob("*/plugin.json")
                     if p.parent.name != "ui-tray")  # for Windows
    assert len(plugins) >= 6
    for name in plugins:
        folder = f"/usr/lib/realmjoin/plugins/{name}"
        assert_installed(f"{folder}/plugin.json", f"{folder}/{name}.so")


@tap.test()
def headers_and_schemas_are_installed_for_plugin_authors():
    for include in (SOURCE / "sdk/include", SOURCE / "sdk/kit"):
        headers = [f"/usr/include/{p.relative_to(include)}" for p in include.rglob("*.h")]
        assert len(headers) >= 3
        assert_installed(*headers)
    assert_installed(*(f"/usr/share/realmjoin/schema/{p.name}" for p in (SOURCE / "sdk/schema").glob("*.schema.json")))


@tap.test()
def the_generator_its_templates_and_the_stamp_tool_are_installed_for_plugin_authors():
    assert_installed(
        "/usr/bin/realmjoin-new-plugin",
        "/usr/bin/realmjoin-stamp-manifest",
        "/usr/bin/rj-validate",
        "/usr/share/pkgconfig/realmjoin-sdk.pc",
        "/usr/share/realmjoin/x86_64-w64-mingw32.ini",
    )
    templates = [p for p in (SOURCE / "sdk/template").iterdir() if p.name != "meson.build"]
    assert len(templates) >= 6
    assert_installed(*(f"/usr/share/realmjoin/template/{p.name}" for p in templates))


tap.main()
