"""The demonstration: the main job from beginning to end, on a machine that can reach nothing but itself."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lasttenth.cli.demo import QUESTIONS, documentation
from lasttenth.testing import clean_environment

# Bring the loopback interface of a fresh network namespace up (netdevice(7): SIOCSIFFLAGS with IFF_UP), then run.
ALONE = """
import fcntl, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 1))
sys.argv = ["lasttenth", *sys.argv[1:]]
from lasttenth.cli.main import main
main()
"""
NAMESPACE = ["unshare", "--net", "--map-root-user"]


def can_be_alone() -> bool:
    """Tell whether this machine lets us make a network namespace."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def test_demonstration_answers_with_quotes_and_declines_without_any_network(tmp_path: Path) -> None:
    if not can_be_alone():
        pytest.skip("this machine makes no network namespaces")

    command = [*NAMESPACE, sys.executable, "-c", ALONE, "demo", "--json"]
    environment = clean_environment(tmp_path)
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr
    answers = json.loads(result.stdout)["answers"]
    assert [answer["declined"] for answer in answers] == [False] * (len(QUESTIONS) - 1) + [True]
    for answer in answers[:-1]:
        assert answer["citations"]
        assert answer["groundedness"] == 1.0
        for citation in answer["citations"]:
            text = (documentation().parent / citation["document"]).read_text(encoding="utf-8")
            assert text[citation["start"] : citation["end"]] == citation["quote"]
            assert text.count("\n", 0, citation["start"]) + 1 == citation["line"]
