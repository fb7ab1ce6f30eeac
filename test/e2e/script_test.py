#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scripts of packages that do odd things: the agent stays what it was."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap


@tap.test(timeout=60)
def a_script_that_ends_the_service_runs_twice_and_not_for_ever(folder):
    with agent.Agent(folder) as it:
        pid, runs = it.root / "pid", it.root / "runs"
        end = f"until kill -TERM $(cat {pid}); do sleep 0.1; done"
        it.assign(it.craft("boot", install=f"echo run >> {runs}; {end}; sleep 60", Mandatory=True))
        for _ in range(2):
            it.start(wait=False)
            pid.write_text(str(it.service.pid))
            assert it.service.wait(30) == 0
            pid.unlink()
        it.start()
        package = it.package("boot", reason_code="gave-up")  # held at first too, until it is known what is there
        assert package["verdict"] == "held", package
        assert "given up" in package["reason"], package
        assert runs.read_text().split() == ["run", "run"]


tap.main()
