"""The command as a process: exit codes, what goes to which stream, how fast it answers, how it is stopped."""

import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pinnlite as pl
import pinnlite.cli.application
import pinnlite.cli.examples
from pinnlite.cli import main, process
from pinnlite.cli.application import _COMMANDS

COMMAND = [str(Path(sys.executable).with_name("pinnlite"))]
HEAVY = ("torch", "matplotlib", "sympy", "scipy", "numpy", "lark")


def run(*words: str, given: bytes | None = None) -> tuple[int, str, str]:
    done = subprocess.run([*COMMAND, *words], input=given, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("words", [["--help"], ["solve", "-h"]])
def test_help_answers_at_once(words: list[str]) -> None:
    """In processor time, the least of three: what other work there is on the machine only ever slows."""
    seconds = []
    for _ in range(3):
        start = _processor_time()
        code, out, err = run(*words)
        seconds.append(_processor_time() - start)
        assert (code, err) == (0, "")
        assert out.index("pinnlite ") < out.index("Options:")
        if min(seconds) < 0.3:
            return
    pytest.fail(f"it took {min(seconds):.2f} s at best")


def _processor_time() -> float:
    """Of the processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_imports_nothing_heavy() -> None:
    """Of every command, and of the whole where nothing is asked."""
    asked = [[], *([name, "--help"] for name in _COMMANDS)]
    code = f"import sys, pinnlite.cli as c; [c.main(words) for words in {asked}]"
    code += f"; print(set({HEAVY}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
    for words in asked:
        assert f"Usage: {' '.join(['pinnlite', *words[:1]])} " in done.stdout


@pytest.mark.parametrize("own", [None, "ACTIVE"])
def test_threads_of_the_process_sleep_while_they_wait(
    own: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the environment says otherwise; and that is said before PyTorch is loaded."""
    policy = "OMP_WAIT_POLICY"
    monkeypatch.setenv(policy, own or "")
    if own is None:
        monkeypatch.delenv(policy)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(pinnlite.cli, "main", lambda: int(os.environ[policy] == (own or "PASSIVE")))
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        process()
    assert ended.value.code == 1


def test_derive_reads_a_pipe_and_writes_plain_text() -> None:
    code, out, err = run("derive", "-", "--at", "0,2", given="-x²\n".encode())
    assert (code, err) == (0, "")
    assert out == "f(x)  = -x**2\nf'(x) = -2*x\n\nx    f    f'\n0    0    0\n2   -4   -4\n"


def test_fit_as_a_module() -> None:
    words = [
        sys.executable,
        "-m",
        "pinnlite",
        "fit",
        "x**2",
        "--model",
        "polynomial:2",
        "--on",
        "x=0,1",
        "-v",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "step " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("x**2\n")


def test_bad_input_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "sn(x)"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: unknown function 'sn' (column 1)\n  sn(x)\n  ^^\n  hint: did you mean 'sin'?\n"


def test_standard_input_that_is_no_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), "utf-8"))
    assert main(["derive", "-"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: standard input is no text in UTF-8")


def test_version() -> None:
    code, out, _ = run("--version")
    assert (code, out) == (0, "pinnlite 0.1.0\n")


def test_a_closed_pipe_ends_it_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([*COMMAND, "--help"], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert process.communicate(timeout=30)[1] == b""
    # As with any other program: 1 would say that something failed.
    assert process.returncode == -signal.SIGPIPE


def test_an_interrupt_ends_with_130() -> None:
    process = subprocess.Popen(
        [*COMMAND, "derive", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    # It imports torch, then waits for its input: in both it is to end the same way.
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert err.strip().endswith(b"error: interrupted")


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_and_can_be_refused(environment: dict[str, str], coloured: bool) -> None:
    reading, writing = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run([*COMMAND, "derive"], stderr=writing, env={**clean, **environment}, check=False)
    os.close(writing)
    shown = os.read(reading, 10_000)
    os.close(reading)
    assert b"missing argument" in shown
    assert (b"\x1b[" in shown) is coloured


def test_a_fault_is_one_line_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(pinnlite.cli.application._pinnlite, "main", fail)
    assert main(["info"]) == 1
    assert capsys.readouterr() == ("", "error: the computation failed: RuntimeError: out of memory\n")


def test_warnings_go_to_stderr_without_the_place_in_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "1/x", "--at", "0", "--csv"]) == 0
    out, err = capsys.readouterr()
    assert out == "x,f,f'\n0,inf,nan\n" or out.startswith("x,f,f'\n0,inf,")
    assert [line[:9] for line in err.splitlines()] == ["warning: ", "warning: "]
    assert ".py" not in err


FORKING = """
import gc, json, os, sys
import matplotlib, sympy, torch  # which take seconds, once for all; nothing of pinnlite
gc.freeze()  # so that nothing of them is copied
for words in json.loads(sys.argv[1]):
    if not os.fork():
        sys.argv[1:] = words
        from pinnlite.cli import process
        process()
    print(f"\\n$ {os.waitstatus_to_exitcode(os.wait()[1])}", flush=True)
"""


def test_every_command_as_a_process(tmp_path: Path) -> None:
    """Exit code and output of each but derive and fit, which are above, and a file that goes from one to the next."""
    kept = str(tmp_path / "u.safetensors")
    problem = tmp_path / "decay.toml"
    problem.write_text(
        '[problem]\nequation = "u\' = -u"\nconditions = ["u(0) = 1"]\ndomain = { t = [0, 2] }\n'
    )
    begins = {
        ("solve", str(problem), "--at", "1", "--tol", "1e-9", "--out", kept): (0, "converged: "),
        ("solve", "u' = u^2", "u(0) = 1", "--on", "x=0,2", "--at", "0.5"): (3, "not converged: "),
        ("eval", kept, "--at", "0", "--order", "1"): (0, "u' = -u\nu(0) = 1\nconverged: "),
        ("check", "x**2", "--at", "1"): (0, "f(x) = x**2\nall ways agree"),
        ("export", kept, str(tmp_path)): (2, ""),
        ("examples", "derivatives", "--source"): (0, '"""'),
        ("functions", "--latex"): (0, "\\begin{tabular}"),
        ("info", "--csv"): (0, "what,value\npinnlite,"),
    }
    words = [sys.executable, "-c", FORKING, json.dumps(list(begins))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    ended = re.findall(r"(.*?)\n\$ (\d+)\n", done.stdout, re.DOTALL)
    for (out, code), (expected, begin) in zip(ended, begins.values(), strict=True):
        assert (int(code), out[: len(begin)]) == (expected, begin), done.stderr


@pytest.mark.parametrize(
    ("script", "code"),
    [("print('it ran')", 0), ("1 / 0", 1), ("import os\nos.kill(os.getpid(), 2)\nos.read(0, 1)", 130)],
)
def test_an_example_is_run_and_its_end_is_told(
    script: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.py").write_text(script)
    monkeypatch.setattr(pinnlite.cli.examples, "_scripts", lambda: {"own": tmp_path / "own.py"})
    assert main(["examples", "own"]) == code
    assert ("it ran" in capfd.readouterr().out) == (code == 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("eval", __file__), "is no safetensors file"),
        (("eval", "nowhere.safetensors"), "there is no file nowhere.safetensors"),
        (("export", "nowhere.safetensors", "u.exe"), "there is no file nowhere.safetensors"),
        (("examples", "nothing"), "there is no example 'nothing'"),
        (("solve", "nowhere.toml"), "there is no file nowhere.toml"),
        (("derive", "x", "--json", "--csv", "--at", "1"), "--json and --csv are two forms of one output"),
    ],
)
def test_what_is_not_there(words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pinnlite so", "solve"),
        ("pinnlite solve --tr", "--trial"),
        ("pinnlite solve --trial fe", "features"),
        ("pinnlite examples own_l", "own_laplacian"),
        ("pinnlite fit x --model poly", "polynomial:"),
    ],
)
def test_shells_complete(
    line: str, offered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"_PINNLITE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"plain,{offered}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    asked = {**os.environ, "_PINNLITE_COMPLETE": f"{shell}_source"}
    done = subprocess.run(COMMAND, env=asked, capture_output=True, text=True, check=True)
    assert "pinnlite" in done.stdout


def test_progress_and_silence(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "solve",
        "u_t + u*u_x = 0.005*u_xx",
        "u(x,0) = -sin(pi*x)",
        "u = 0 on boundary",
        "--on",
        "x=-1,1",
    ]
    words += ["--on", "t=0,1", "--tol", "1e-4", "--at", "x=0", "--at", "t=1"]
    reading, writing = pty.openpty()
    done = subprocess.run([*COMMAND, *words], stdout=subprocess.PIPE, stderr=writing, check=False)
    os.close(writing)
    shown = os.read(reading, 100_000)
    os.close(reading)
    assert done.returncode == 0
    assert b" s left" in shown
    assert b"t = " in shown
    assert shown.rsplit(b"\r", 1)[-1].replace(b"\x1b[2K", b"").strip() == b""  # the line is taken away
    assert main([*words, "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_a_solve_that_is_terminated_keeps_what_it_has(tmp_path: Path) -> None:
    """As a batch system does it when the time is up; an interrupt takes the same way."""
    path = tmp_path / "u.safetensors"
    words = [
        "solve",
        "u'' + u = 0, u(0) = 0, u'(0) = 1",
        "--on",
        "x=0,200",
        "--trial",
        "network",
        "--out",
        str(path),
    ]
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.readline()  # progress: the solve has begun
    time.sleep(1.0)
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"interrupted" in out
    assert b"Traceback" not in err
    assert pl.load(path).trial is not None


def test_tables_on_a_terminal_have_lines() -> None:
    reading, writing = pty.openpty()
    subprocess.run([*COMMAND, "examples"], stdout=writing, env={**os.environ, "COLUMNS": "120"}, check=True)
    os.close(writing)
    shown = os.read(reading, 10_000).decode()
    os.close(reading)
    assert "─" in shown
    assert {"demo", "burgers", "first_steps"} <= set(shown.split())


def test_a_closed_pipe_costs_neither_file_nor_picture(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = ["solve", "u' = -u, u(0) = 1", "--on", "t=0,1", "--out", "u.safetensors", "--plot", "u.svg"]
    subprocess.run([*COMMAND, *words], stdout=writing, cwd=tmp_path, check=False, timeout=60)
    os.close(writing)
    assert (tmp_path / "u.svg").read_text().startswith("<?xml")
    assert pl.load(tmp_path / "u.safetensors").converged


def test_a_file_that_cannot_be_written_does_not_cost_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = tmp_path / "loop.safetensors"
    loop.symlink_to(loop)
    assert (
        main(["solve", "u' = -u, u(0) = 1", "--on", "t=0,1", "--at", "0", "--csv", "--out", str(loop)]) == 2
    )
    out, err = capsys.readouterr()
    assert [float(cell) for cell in out.splitlines()[1].split(",")] == pytest.approx([0, 1])
    assert "loop.safetensors cannot be written" in err
