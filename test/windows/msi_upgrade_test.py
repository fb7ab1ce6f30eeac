#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The MSI where the product is there already: the same, built again, newer, older; TAP."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # noqa: E402
from msi_made import NEWER, rebuilt_file  # noqa: E402
from msi_machine import (  # noqa: E402
    MOST_SECONDS, PROGRAMS, REFUSED, REPAIR, RESTART, SESSION_MANAGER, STATE, handed_on, main, wait_until,
)


@tap.test(timeout=600)
def the_same_msi_again_changes_nothing():
    with handed_on() as windows:
        windows.have("now", "NOGRAPH=1")
        first, products = windows.files(), windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.msiexec("/i", "now")
        assert windows.products() == products and windows.service() == "RUNNING"
        assert first - windows.files() == set()
        assert windows.no_graph() == 1
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=600)
def a_repair_brings_back_a_lost_file():
    with handed_on() as windows:
        windows.have("now", "NOGRAPH=1")
        lost = windows.programs / "realmjoin-worker.exe"
        lost.unlink()
        windows.msiexec("/i", "now", *REPAIR)
        assert lost.exists() and windows.service() == "RUNNING" and windows.no_graph() == 1


@tap.test(timeout=600)
def another_build_of_the_same_version_replaces_the_first():
    with handed_on() as windows:
        windows.have("now", "NOGRAPH=1")
        products = windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade("again")
        assert len(windows.products()) == 1 and windows.products() != products
        manifest = windows.programs / rebuilt_file()
        assert json.loads(manifest.read_text(encoding="utf-8"))["name"] == "Built again"
        assert windows.service() == "RUNNING" and windows.no_graph() == 1
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=600)
def an_upgrade_over_a_file_in_use_says_that_a_restart_is_due_and_is_whole_after_it():
    """One build over the other, for what Wine replaces: it leaves a program of the same version as it is."""
    with handed_on() as windows:
        if windows.installed != "again":
            windows.have("now", "NOGRAPH=1")
        newer = "now" if windows.installed == "again" else "again"
        manifest = windows.programs / rebuilt_file()
        old, go_on = manifest.read_bytes(), windows.drive_c / "go-held.txt"
        holder = windows.start([r"C:\wait.exe", go_on, manifest])
        wait_until(lambda: "held" in holder.output, MOST_SECONDS, lambda: holder.errors)
        windows.upgrade(newer, code=RESTART)
        assert holder.running() and manifest.read_bytes() == old  # nobody has restarted anything
        assert windows.service() == "RUNNING" and len(windows.products()) == 1
        pending = "\n".join(windows.registry_get(SESSION_MANAGER, "PendingFileRenameOperations"))
        assert windows.windows_path(manifest) in pending, pending

        go_on.touch()
        assert holder.wait(MOST_SECONDS).code == 0
        go_on.unlink()
        windows.stop()
        windows.boot()
        wait_until(lambda: windows.service() == "RUNNING", MOST_SECONDS, windows.service)
        assert windows.registry_get(SESSION_MANAGER, "PendingFileRenameOperations") is None
        assert (json.loads(manifest.read_text(encoding="utf-8"))["name"] == "Built again") == (newer == "again")
        assert not list(windows.programs.rglob("*.tmp")) and windows.no_graph() == 1


@tap.test(timeout=600)
def a_newer_version_keeps_the_state_and_leaves_one_product():
    with handed_on() as windows:
        windows.have("now", "NOGRAPH=1")
        windows.registry_set(STATE, "Mine", "kept")
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade("newer")
        assert windows.state().read_text(encoding="utf-8") == "kept"
        assert windows.registry_get(STATE, "Mine") == "kept"
        assert windows.service() == "RUNNING" and windows.no_graph() == 1
        (product,) = windows.products().values()
        assert product["DisplayVersion"] == NEWER


@tap.test(timeout=600)
def a_downgrade_is_refused_and_nothing_changes():
    with handed_on() as windows:
        windows.have("newer", "NOGRAPH=1")
        files, products = windows.files(), windows.products()
        windows.install("now", code=REFUSED)
        windows.install("now", "NOGRAPH=0", code=REFUSED)
        assert windows.files() == files and windows.products() == products
        assert windows.service() == "RUNNING" and windows.no_graph() == 1


@tap.test(timeout=600)
def the_search_path_leads_to_the_command_line_until_the_uninstall_which_leaves_nothing():
    with handed_on() as windows:
        if windows.installed != "newer":
            windows.have("now")
            windows.upgrade("newer")
        assert windows.path() == windows.path_before + [PROGRAMS + "\\"], windows.path()
        windows.uninstall()
        assert windows.path() == windows.path_before, windows.path()
        windows.expect_nothing_left()


if __name__ == "__main__":
    main()
