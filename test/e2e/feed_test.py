#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real packages and dependency ranges, from policy to installed files and back."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

# Samples that a gallery, too, has to refuse: names with backslashes or empty parts, a damaged directory.
REFUSED = {"PackageWithDoubleBackwardSlash", "PackageWithDoubleForwardSlash", "PackageWithVeryLongZipFileEntry",
           "Zip64Package.Corrupted"}
SHARED = pathlib.Path(os.environ.get("RJ_SHARED", ""))


def expected_packages():
    facts = SHARED / "vectors/nupkg-expected.jsonl"
    if not facts.is_file():
        tap.skip("the shared test data is not here")
    return [json.loads(line) for line in facts.read_text().splitlines() if line.strip()]


@tap.test(timeout=40)
def a_module_range_of_two_to_three_gets_the_newest_two(folder):
    with agent.Agent(folder) as it:
        for version in ("1.9.0", "2.0.0", "2.7.0", "3.0.0"):
            it.nupkg("PSini", files={"PsIni.psm1": f"# {version}\n"}, version=version)
        it.assign(it.nupkg("site", dependencies=[("PSini", "[2.0,3.0)")], Mandatory=True))
        it.start()
        it.package("site", state="installed")
        module = it.state / "chocolatey/lib/PSini/PsIni.psm1"
        assert module.read_text() == "# 2.7.0\n"
        seen = subprocess.run(["cat", module], stdout=subprocess.PIPE, check=False, **agent.as_user("nobody"))
        assert seen.stdout == b"# 2.7.0\n", "packages of the machine are there for every user"
        assert not (it.state / "agent.db").stat().st_mode & 0o077


@tap.test(timeout=40)
def an_installed_dependency_that_fits_is_kept(folder):
    with agent.Agent(folder) as it:
        for version in ("2.0.0", "2.7.0"):
            it.nupkg("PSini", files={"PsIni.psm1": f"# {version}\n"}, version=version)
        module = {"ID": "PSini", "Format": "nuget", "Version": "2.0.0", "Mandatory": True}
        it.assign(module)
        it.start()
        it.package("PSini", state="installed", installed_version="2.0.0")
        it.assign(module, it.nupkg("site", dependencies=[("PSini", "[2.0,3.0)")], Mandatory=True))
        it.package("site", state="installed")
        assert (it.state / "chocolatey/lib/PSini/PsIni.psm1").read_text() == "# 2.0.0\n"


@tap.test(timeout=240)
def real_packages_install_show_their_files_and_go_without_a_leftover(folder):
    """Each alone: many of them depend on packages that are not in the collection."""
    facts = [f for f in expected_packages() if not any(g.get("dependencies") for g in f["dependency_groups"])]
    with agent.Agent(folder) as it:
        chosen = {}
        for fact in facts:
            source = SHARED / "nupkg-samples" / fact["file"]
            if source.is_file() and fact["id"].lower() not in chosen:
                shutil.copy(source, it.feed / f"{fact['id']}.{fact['version_normalized']}.nupkg")
                chosen[fact["id"].lower()] = fact
        if len(chosen) < 10:
            tap.skip("the sample packages are not here")
        it.assign(*({"ID": f["id"], "Format": "nuget", "Version": f["version"]} for f in chosen.values()))
        it.start()
        it.wait_idle()
        library = it.state / "chocolatey/lib"
        for fact in chosen.values():
            result = it.realmjoin("install", fact["id"])
            if pathlib.Path(fact["file"]).name.rsplit(".1.0.0", 1)[0] in REFUSED:
                assert result.returncode == agent.FAILED and not (library / fact["id"]).exists(), fact["file"]
                continue
            assert result.returncode == agent.OK, (fact["file"], result)
            files = [p for p in (library / fact["id"]).rglob("*") if p.is_file()]
            assert len(files) >= fact["install_files"], (fact["file"], len(files), fact["install_files"])
        tap.diagnose(f"{len(chosen)} real packages")
        for fact in chosen.values():
            if not (library / fact["id"]).exists():
                continue
            result = it.realmjoin("uninstall", fact["id"])
            assert result.returncode == agent.OK, (fact["file"], result)
        left = [p for p in library.rglob("*") if p.is_file() and not p.name.startswith(".realmjoin")]
        assert not left, left[:5]


@tap.test(timeout=40)
def a_removal_keeps_what_somebody_changed_and_says_so(folder):
    with agent.Agent(folder) as it:
        it.assign(it.nupkg("tool", files={"content/kept.txt": "one", "content/gone.txt": "two"}))
        it.start()
        it.wait_idle()
        it.realmjoin("install", "tool")
        kept = it.state / "chocolatey/lib/tool/content/kept.txt"
        kept.write_text("changed by hand")
        result = it.realmjoin("uninstall", "tool")
        assert result.returncode == agent.OK and "1 changed or added file stayed" in result.stdout, result
        assert "kept.txt" in result.stdout and kept.read_text() == "changed by hand"
        assert not kept.with_name("gone.txt").exists()
        assert it.package("tool", state="not-installed")


@tap.test(timeout=40)
def dependencies_and_order_give_c_a_b(folder):
    with agent.Agent(folder) as it:
        order = it.root / "order"
        script = f'echo "$RJ_PackageID" >> {order}'
        it.assign(it.craft("A", install=script, Order=1, Mandatory=True),
                  it.craft("B", install=script, Order=101, DependsOn=["C"], Mandatory=True),
                  it.craft("C", install=script, Order=100, Mandatory=True))
        it.start()
        it.package("B", state="installed")
        assert order.read_text().split() == ["C", "A", "B"]


@tap.test(timeout=40)
def what_somebody_removed_comes_back_and_says_why(folder):
    with agent.Agent(folder) as it:
        it.assign(it.nupkg("tool", Mandatory=True))
        it.start()
        it.package("tool", state="installed")
        it.wait_idle()
        shutil.rmtree(it.state / "chocolatey/lib/tool")
        result = it.realmjoin("sync")
        assert result.returncode == agent.OK and "gone" in result.stdout, result
        assert (it.state / "chocolatey/lib/tool/content/readme.txt").exists()


@tap.test(timeout=40)
def changed_arguments_run_the_package_again(folder):
    with agent.Agent(folder) as it:
        seen = it.root / "arguments"
        package = it.craft("tool", install=f'echo "$1" >> {seen}', Mandatory=True)
        it.assign(dict(package, Args="/Mode:one"))
        it.start()
        it.package("tool", state="installed")
        it.wait_idle()
        it.assign(dict(package, Args="/Mode:two"))
        agent.wait_until(lambda: seen.read_text().split() == ["/Mode:one", "/Mode:two"])
        it.wait_idle()
        it.realmjoin("sync")
        assert seen.read_text().split() == ["/Mode:one", "/Mode:two"]


tap.main()
