#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The local interface against clients that misbehave; the service stays up and goes on answering."""

import os
import pathlib
import resource
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

USER = "nobody"


def send(link, data):
    try:
        link.sendall(data)
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


def read_all(link, timeout=5):
    """Until the service closes the connection."""
    link.settimeout(timeout)
    data = b""
    while True:
        try:
            got = link.recv(65536)
        except ConnectionResetError:
            return data
        if not got:
            return data
        data += got


@tap.test(timeout=30)
def garbage_is_answered_with_an_error_and_the_connection_closed(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        for data in (b"\n", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) + b"\n", b"[]\n", b"{}\n",
                     b"[" * 100000 + b"\n", b'{"jsonrpc":"2.0","id":1,"method":"a\\u0000b"}\n'):
            link = agent.connect(it.socket_path)
            send(link, data)
            answer = read_all(link)
            assert b'"id":null,"error"' in answer, (data[:40], answer)
            link.close()
        assert it.call("version")["pid"] == it.service.pid


@tap.test(timeout=60)
def half_a_message_is_ended_after_thirty_seconds_and_idle_clients_are_not(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        idle, half = it.connection(), agent.connect(it.socket_path)
        send(half, b'{"jsonrpc":"2.0",')
        begin = time.monotonic()
        answer = read_all(half, timeout=45)
        took = time.monotonic() - begin
        assert b"not completed in time" in answer, answer
        assert 25 < took < 40, took
        assert idle.call("version")


@tap.test(timeout=60)
def a_line_without_end_costs_the_service_at_most_a_mebibyte(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        it.call("version")
        before = it.memory_kib()
        worst = before
        link = agent.connect(it.socket_path)
        link.settimeout(10)
        chunk = b"{" * 65536
        sent = 0
        while sent < 64 * 1024 * 1024 and send(link, chunk):
            sent += len(chunk)
            worst = max(worst, it.memory_kib())
        assert sent < 8 * 1024 * 1024, f"the service took {sent} bytes of one line"
        assert b"longer than" in read_all(link)
        assert worst - before < 2048, f"{worst - before} KiB more"
        assert it.call("version")


@tap.test(timeout=120)
def ten_thousand_clients_leave_the_service_bounded_and_answering(folder):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        before = it.memory_kib()
        refused = 0
        for _ in range(50):
            wave = [agent.connect(it.socket_path) for _ in range(200)]
            for link in wave:
                send(link, b'{"jsonrpc":"2.0","id":1,"method":"version"}\n')
            for link in wave:
                link.settimeout(5)
                try:
                    refused += b"too many connections" in link.recv(4096)
                except ConnectionResetError:
                    refused += 1
            for link in wave:  # only now: a place given up early would go to a client still in the queue
                link.close()
        assert refused >= 50 * (200 - 64), refused
        def is_served():
            try:
                return it.call("version")
            except (agent.RpcError, ConnectionError):
                return None  # the last clients are still being closed
        agent.wait_until(is_served)
        assert it.memory_kib() - before < 2048, it.memory_kib() - before
        descriptors = len(os.listdir(f"/proc/{it.service.pid}/fd"))
        assert descriptors < 100, descriptors
        assert it.log().count("too many connections") <= 31, "a flood of log lines"


@tap.test(timeout=60)
def a_user_who_takes_all_connections_does_not_lock_out_others(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        with agent.acting_as(USER):
            links = [agent.connect(it.socket_path) for _ in range(100)]
        answers = [l for l in links if b"too many" in read_some(l)]
        assert len(answers) == 36, len(answers)
        assert it.call("version")
        for link in links:
            link.close()
        with agent.acting_as(USER):
            agent.wait_until(lambda: works(it))


def works(it):
    try:
        return it.call("version")
    except (agent.RpcError, ConnectionError):
        return None


def read_some(link):
    link.settimeout(0.2)
    try:
        return link.recv(4096)
    except (TimeoutError, ConnectionResetError):
        return b""


@tap.test(timeout=60)
def a_slow_reader_is_disconnected_and_others_are_served(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        before = it.memory_kib()
        slow = agent.connect(it.socket_path)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(5)
        request = b'{"jsonrpc":"2.0","id":"%s","method":"version"}\n' % (b"x" * 100)
        try:
            for _ in range(40):
                slow.sendall(request * 1000)
            raise AssertionError("40,000 answers were kept for a client that reads none")
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert it.call("version")
        assert it.memory_kib() - before < 4096
        agent.wait_until(lambda: "does not read its answers" in it.log())


@tap.test(timeout=30)
def an_unauthorised_method_is_denied_and_logged(folder):
    with agent.Agent(folder) as it:
        it.assign(it.craft("tool", Mandatory=True))
        it.start()
        it.package("tool", state="installed")
        with agent.acting_as(USER):
            for method, params in (("service.stop", {}), ("uninstall", {"id": "tool"})):
                try:
                    it.call(method, **params)
                    raise AssertionError(f"{method} was allowed")
                except agent.RpcError as error:
                    assert error.status == "denied", error.status
        assert it.package("tool")["state"] == "installed"
        log = it.log()
        assert 'was refused "service.stop"' in log
        assert 'was refused "uninstall tool"' in log
        assert f"{USER} (uid " in log


@tap.test(timeout=30)
def root_cannot_register_a_session(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        try:
            it.call("session.register", version="1")
            raise AssertionError("root became a session")
        except agent.RpcError as error:
            assert error.status == "denied"


@tap.test(timeout=60)
def a_client_killed_in_mid_install_does_not_end_the_install(folder):
    with agent.Agent(folder) as it:
        mark = it.root / "mark"
        it.assign(it.craft("slow", install=f"touch {mark}; sleep 2; touch {mark}.done"))
        it.start()
        it.wait_idle()
        client = it.spawn("install", "slow")
        agent.wait_until(mark.exists)
        client.kill()
        client.wait()
        it.package("slow", state="installed")
        assert pathlib.Path(f"{mark}.done").exists()


@tap.test(timeout=60)
def a_session_killed_in_mid_install_is_noticed_and_the_package_detected_anew(folder):
    with agent.Agent(folder) as it:
        home = agent.give_home(it, USER)
        begun = home / "begun"
        it.assign(it.craft("mine", install=f"touch {begun}; sleep 30", Scope="user"))
        it.start()
        it.wait_idle()
        client = it.spawn("install", "mine", user=USER)
        agent.wait_until(begun.exists)
        client.kill()
        client.wait()
        it.wait_idle()
        with agent.acting_as(USER):
            package = it.package("mine")
        assert package["state"] != "installed", package
        assert it.call("version")


@tap.test(timeout=60)
def status_calls_leave_no_line_in_the_log(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        it.wait_idle()
        with it.connection() as link:
            link.call("status")
            before = it.log()
            for _ in range(200):
                link.call("status")
        assert it.log() == before


if __name__ == "__main__":
    tap.main()
