#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The property NOGRAPH of the MSI, and the value that an administrator may have set himself; TAP."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # noqa: E402
from msi_machine import PARAMETERS, REFUSED, REPAIR, handed_on, main  # noqa: E402


@tap.test(timeout=600)
def a_value_that_nograph_or_keepdata_does_not_have_is_refused_and_nothing_changes():
    with handed_on() as windows:
        windows.have(None)
        files = windows.files()
        for value in ("yes", "2", "true"):
            windows.install("now", f"NOGRAPH={value}", code=REFUSED)
        assert windows.service() is None and windows.files() == files
        windows.install("now")
        windows.state().write_text("kept", encoding="utf-8")
        windows.uninstall("KEEPDATA=yes", code=REFUSED)
        assert windows.service() == "RUNNING"
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=600)
def nograph_is_absent_without_the_property_and_a_number_with_it():
    with handed_on() as windows:
        windows.have("now")
        assert windows.no_graph() is None
        windows.have("now", "NOGRAPH=0")
        assert windows.no_graph() is None
        windows.have("now", "NOGRAPH=1")
        assert windows.no_graph() == 1


@tap.test(timeout=600)
def nograph_outlives_upgrades_and_is_taken_back_by_0():
    with handed_on() as windows:
        windows.have("now", "NOGRAPH=1")
        windows.upgrade("again")
        assert windows.no_graph() == 1
        windows.upgrade("newer", "NOGRAPH=0")
        assert windows.no_graph() is None


@tap.test(timeout=600)
def nograph_set_by_an_administrator_before_the_install_is_kept_by_upgrades_too():
    with handed_on() as windows:
        windows.have(None)
        windows.registry_set(PARAMETERS, "NoGraph", 1)
        windows.install("now")
        assert windows.no_graph() == 1
        windows.upgrade("newer")
        assert windows.no_graph() == 1


@tap.test(timeout=600)
def nograph_set_by_an_administrator_is_taken_back_by_0():
    with handed_on() as windows:
        windows.have(None)
        windows.registry_set(PARAMETERS, "NoGraph", 1)
        windows.install("now", "NOGRAPH=0")
        assert windows.no_graph() is None and windows.service() == "RUNNING"


@tap.test(timeout=600)
def nograph_of_the_wrong_type_stays_untouched_by_install_upgrade_and_repair():
    with handed_on() as windows:
        windows.have(None)
        for value, change in (("#1", windows.install), ("1", windows.upgrade), (2, windows.upgrade)):
            windows.registry_set(PARAMETERS, "NoGraph", value)
            change({"#1": "now", "1": "again", 2: "newer"}[value])
            assert windows.no_graph() == value
            windows.install(windows.installed, *REPAIR)
            assert windows.no_graph() == value


if __name__ == "__main__":
    main()
