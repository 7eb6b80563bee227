"""kill -9 at any moment of ``solve --out`` leaves the old file or the new one, whole."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

import pinnlite as pl
from pinnlite.cli import main

KILLS = 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process")  # is multi-threaded: the child is killed, whatever it does
def test_twenty_kills(tmp_path: Path) -> None:
    path, draw = tmp_path / "u.safetensors", random.Random(0)
    words = ["solve", "u' = -k*u, u(0) = 1", "--on", "t=0,1", "--out", str(path), "-q", "--json", "-p"]
    assert main([*words, "k=1"]) == 0
    start = time.perf_counter()
    assert main([*words, "k=1"]) == 0
    once = time.perf_counter() - start
    seen = set()
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:  # solves again and again until it is killed
            os.close(1)
            os.open(os.devnull, os.O_WRONLY)
            k = 2
            while True:
                main([*words, f"k={k}"])
                k = 5 - k
        time.sleep(draw.uniform(0.0, 4 * once))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        solution = pl.load(path)
        assert isinstance(solution, pl.Solution)
        k = solution.problem.parameters["k"]
        assert float(solution(1.0)) == pytest.approx(2.718281828459045**-k, rel=1e-5)
        seen.add(k)
    assert {2.0, 3.0} <= seen, "the kills came too early to prove anything"
    leftovers = [file for file in tmp_path.iterdir() if file != path]
    assert all(file.name.startswith(".u.safetensors.") for file in leftovers)
