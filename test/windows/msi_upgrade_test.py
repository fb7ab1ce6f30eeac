# SPDX-License-Identifier: MIT
"""The MSI where the product is there already: newer, older, built again, the same."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # pylint: disable=wrong-import-position
from msi_machine import (  # pylint: disable=wrong-import-position
    ENVIRONMENT, NEWER, PROGRAMS, REFUSED, STATE, Windows, rebuilt_file,
)


@tap.test(timeout=120)
def the_search_path_leads_to_the_command_line_until_the_uninstall():
    with Windows() as windows:

        def folders():
            # Wine leaves an empty part where one is taken out.
            return [part for part in windows.registry_get(ENVIRONMENT, "PATH").split(";") if part]

        before = folders()
        windows.install(windows.now)
        windows.upgrade(windows.newer)
        assert folders() == before + [PROGRAMS + "\\"], folders()
        windows.uninstall(windows.newer)
        assert folders() == before, folders()


@tap.test(timeout=120)
def an_upgrade_keeps_the_state_and_leaves_one_product():
    with Windows() as windows:
        windows.install(windows.now)
        windows.registry_set(STATE, "Mine", "kept")
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade(windows.newer)
        assert windows.state().read_text(encoding="utf-8") == "kept"
        assert windows.registry_get(STATE, "Mine") == "kept"
        assert windows.service() == "RUNNING"
        (product,) = windows.products().values()
        assert product["DisplayVersion"] == NEWER
        windows.uninstall(windows.newer)
        windows.expect_nothing_left()


@tap.test(timeout=120)
def the_same_msi_again_changes_nothing():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        first, products = windows.files(), windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.msiexec("/i", windows.now, "/qn", code=0)
        assert windows.products() == products and windows.service() == "RUNNING"
        assert first - windows.files() == set()
        assert windows.no_graph() == 1
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def a_repair_brings_back_a_lost_file():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        lost = windows.programs / "realmjoin-worker.exe"
        lost.unlink()
        windows.install(windows.now, "REINSTALL=ALL", "REINSTALLMODE=amus")
        assert lost.exists() and windows.service() == "RUNNING" and windows.no_graph() == 1


@tap.test(timeout=120)
def another_build_of_the_same_version_replaces_the_first():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        products = windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade(windows.again)
        assert len(windows.products()) == 1 and windows.products() != products
        manifest = windows.programs / rebuilt_file()
        assert json.loads(manifest.read_text(encoding="utf-8"))["name"] == "Built again"
        assert windows.service() == "RUNNING" and windows.no_graph() == 1
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def a_downgrade_is_refused_and_nothing_changes():
    with Windows() as windows:
        windows.install(windows.newer, "NOGRAPH=1")
        files, products = windows.files(), windows.products()
        windows.install(windows.now, code=REFUSED)
        windows.install(windows.now, "NOGRAPH=0", code=REFUSED)
        assert windows.files() == files and windows.products() == products
        assert windows.service() == "RUNNING" and windows.no_graph() == 1


if __name__ == "__main__":
    tap.main()
