# SPDX-License-Identifier: MIT
"""The property NOGRAPH of the MSI, and the value that an administrator may have set himself."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # pylint: disable=wrong-import-position
from msi_machine import PARAMETERS, REFUSED, Windows  # pylint: disable=wrong-import-position


@tap.test(timeout=120)
def nograph_is_absent_without_the_property_and_a_number_with_it():
    with Windows() as windows:
        windows.install(windows.now)
        assert windows.no_graph() is None
        windows.uninstall(windows.now)
        windows.install(windows.now, "NOGRAPH=1")
        assert windows.no_graph() == 1
        windows.uninstall(windows.now)
        windows.install(windows.now, "NOGRAPH=0")
        assert windows.no_graph() is None


@tap.test(timeout=120)
def nograph_outlives_upgrades_and_is_taken_back_by_0():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        windows.upgrade(windows.again)
        assert windows.no_graph() == 1
        windows.upgrade(windows.newer)
        assert windows.no_graph() == 1
        windows.uninstall(windows.newer)
        windows.install(windows.now, "NOGRAPH=1")
        windows.upgrade(windows.newer, "NOGRAPH=0")
        assert windows.no_graph() is None


@tap.test(timeout=120)
def nograph_set_by_an_administrator_before_the_install_is_kept():
    with Windows() as windows:
        windows.registry_set(PARAMETERS, "NoGraph", 1)
        windows.install(windows.now)
        assert windows.no_graph() == 1
        windows.upgrade(windows.newer)
        assert windows.no_graph() == 1


@tap.test(timeout=120)
def nograph_set_by_an_administrator_is_taken_back_by_0():
    with Windows() as windows:
        windows.registry_set(PARAMETERS, "NoGraph", 1)
        windows.install(windows.now, "NOGRAPH=0")
        assert windows.no_graph() is None and windows.service() == "RUNNING"


@tap.test(timeout=120)
def nograph_of_the_wrong_type_stays_untouched():
    for value in ("1", "#1", 2):
        with Windows() as windows:
            windows.registry_set(PARAMETERS, "NoGraph", value)
            windows.install(windows.now)
            assert windows.no_graph() == value
            windows.install(windows.now, "REINSTALL=ALL", "REINSTALLMODE=amus")
            assert windows.no_graph() == value


@tap.test(timeout=120)
def a_value_that_nograph_or_keepdata_does_not_have_is_refused_and_nothing_changes():
    with Windows() as windows:
        for value in ("yes", "2", "true"):
            windows.install(windows.now, f"NOGRAPH={value}", code=REFUSED)
        assert windows.service() is None and not windows.programs.exists()
        windows.install(windows.now)
        windows.state().write_text("kept", encoding="utf-8")
        windows.uninstall(windows.now, "KEEPDATA=yes", code=REFUSED)
        assert windows.service() == "RUNNING"
        assert windows.state().read_text(encoding="utf-8") == "kept"


if __name__ == "__main__":
    tap.main()
