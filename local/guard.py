"""Runs one server and makes sure that it never outlives the program that wanted it.

    guard.py GRACE LOCK REMOVE COMMAND...

GRACE   seconds between asking the server to stop and killing it; 0 kills at once
LOCK    a file held locked while the server runs ("-": none); exit code 75 when another run keeps it
REMOVE  a folder deleted once the server has stopped because it was told to ("-": none)

The parent holds the other end of this program's standard input. When the parent ends, however it
ends (kill -9 included), the kernel closes that pipe: then the server is stopped. Should this guard
itself be killed, Linux kills the server (PR_SET_PDEATHSIG); other systems have no such promise.
"""

import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time

LOCK_BUSY = 75  # EX_TEMPFAIL of sysexits.h
LOCK_PATIENCE = 5  # seconds: a run that was just killed needs two to close its files
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def hold(path):
    """Locks the file for the rest of this process; waits for a run that is just ending."""
    lock = open(path, "a")
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit(LOCK_BUSY)
            time.sleep(0.05)


def die_with(guard):
    """What the server's process does before it becomes the server: on Linux, tie its life to ours."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def tie():
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # the guard was gone before the promise was made
            os._exit(1)

    return tie


def signal_group(server, number):
    """The server and whatever it started itself share a process group."""
    try:
        os.killpg(server.pid, number)
    except ProcessLookupError:
        pass


def stop(server, grace):
    """TERM, then KILL for what is left."""
    if grace > 0:
        signal_group(server, signal.SIGTERM)
        try:
            server.wait(grace)
        except subprocess.TimeoutExpired:
            pass
    signal_group(server, signal.SIGKILL)
    server.wait()


def main():
    grace, lock, remove, *command = sys.argv[1:]
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
    for ignored in (signal.SIGINT, signal.SIGHUP):  # the parent decides, by closing the pipe
        signal.signal(ignored, signal.SIG_IGN)

    held = hold(lock) if lock != "-" else None  # noqa: F841 (kept open: that is the lock)
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with(os.getpid())
    )
    while server.poll() is None:
        ready, _, _ = select.select([0, woken], [], [])
        if 0 in ready and not os.read(0, 4096):
            asked.append(True)
        if asked:
            stop(server, float(grace))
            if remove != "-":
                shutil.rmtree(remove, ignore_errors=True)
            return 0
        if woken in ready:
            os.read(woken, 4096)
    signal_group(server, signal.SIGKILL)
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


if __name__ == "__main__":
    sys.exit(main())
