"""Prompts of other tools, from their folders to an answer and out again, by the command line alone."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.commands import error_of, lasttenth, output_of

PROMPTS = Path(__file__).parent.parent.parent / "examples" / "prompts"
PARCELS = 'parcels:=[{"content": "a lamp", "city": "Rome"}, {"content": "a desk", "city": "Oslo"}]'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the prompts of two other tools."""
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    return tmp_path


def asked(task: str, question: str, *variables: str, folder: Path) -> Any:
    """Return the messages that a task's model is asked."""
    given = [word for variable in variables for word in ("--variable", variable)]
    answered = output_of("ask", question, "--task", task, *given, folder=folder)["text"]
    shown = output_of("try", task, question, "--dry-run", *given, folder=folder)["production"]["messages"]
    assert answered == shown[-1]["content"]
    return [(message["role"], message["content"]) for message in shown]


def test_dotprompt_folder_answers_as_it_did_and_goes_out_again(folder: Path) -> None:
    report = output_of("import", "dotprompt", "prompts/dotprompt", folder=folder)
    output_of("task", "push", "tasks", folder=folder)

    assert report["written"] == ["tasks/parcel.md"]
    assert asked("parcel", "", PARCELS, "note=Thank you!", folder=folder) == [
        ("system", "You write for a shop of lamps.\nBe brief and kind."),
        (
            "user",
            "Dear friend, these are on their way:\n- a lamp to Rome\n- a desk to Oslo\nA word from us: Thank you!\n",
        ),
    ]
    without = asked("parcel", "", "parcels:=[]", "customer=Ann", folder=folder)
    assert without[1][1] == "Dear Ann, these are on their way:\n"

    output_of("export", "dotprompt", "parcel", "--to", "out", folder=folder)
    again = output_of("import", "dotprompt", "out", folder=folder)
    assert (again["written"], again["outcomes"][0]["remarks"]) == ([], [])


def test_promptfoo_folder_answers_and_says_what_was_not_taken(folder: Path) -> None:
    finished = lasttenth("import", "promptfoo", "prompts/promptfoo", folder=folder)
    output_of("task", "push", "tasks", folder=folder)

    assert finished.returncode == 1
    assert "prompts/refund.json → task/refund  tasks/refund.md" in finished.stdout
    assert "lost  tests: Cases are no part of a task" in finished.stdout
    assert "lasttenth ask QUESTION --task NAME --model openai/gpt-5-mini" in finished.stdout
    assert asked("refund", " Where is my money? ", "tone=formal", folder=folder) == [
        ("system", "You answer for a shop of lamps. Be formal."),
        ("user", "Where is my money?"),
    ]
    assert asked("translate", "Good morning", "language=French", folder=folder) == [
        ("user", "Translate into French: Good morning")
    ]

    output_of("export", "promptfoo", "refund", "translate", "--to", "out", folder=folder)
    again = output_of("import", "promptfoo", "out/promptfooconfig.yaml", "--to", "again", folder=folder)
    assert again["written"] == ["again/refund.md", "again/translate.md"]
    assert (folder / "again" / "refund.md").read_text() == (folder / "tasks" / "refund.md").read_text()


def test_files_with_other_content_are_written_over_by_force_alone(folder: Path) -> None:
    file = folder / "tasks" / "parcel.md"
    dry = lasttenth("import", "dotprompt", "prompts/dotprompt", "--dry-run", folder=folder)
    assert "tasks/parcel.md  would be written" in dry.stdout
    assert not file.exists()
    file.parent.mkdir()
    file.write_text("Mine.")

    code, error = error_of("import", "dotprompt", "prompts/dotprompt", folder=folder)
    assert (code, error["code"], file.read_text()) == (5, "conflict", "Mine.")

    output_of("import", "dotprompt", "prompts/dotprompt", "--force", folder=folder)
    assert "Be brief and kind." in file.read_text()
    assert output_of("import", "dotprompt", "prompts/dotprompt", folder=folder)["written"] == []


def test_release_is_exported_by_pointer_or_hash_and_losses_end_with_one(folder: Path) -> None:
    (folder / "tone.md").write_text("---\nname: tone\nowner: me\nmodel: up/m\n---\n# User\n\nKind.\n")
    first = output_of("task", "push", "tone.md", folder=folder)[0]["release"]
    (folder / "tone.md").write_text("---\nname: tone\nowner: me\nmodel: up/m\n---\n# User\n\nWarm. {{ a | upper }}\n")
    output_of("task", "push", "tone.md", folder=folder)

    output_of("export", "dotprompt", "tone", "--to", "out", "--version", first[:8], folder=folder)
    assert (folder / "out" / "tone.prompt").read_text().endswith('{{role "user"}}\nKind.\n')
    finished = lasttenth("export", "dotprompt", "tone", "--to", "out", "--force", folder=folder)
    assert (finished.returncode, "lost  messages.0, line 1" in finished.stdout) == (1, True)
    assert "Warm." in (folder / "out" / "tone.prompt").read_text()


def test_formats_and_places_that_are_not_there_are_errors(folder: Path) -> None:
    assert "There are: dotprompt" in lasttenth("import", "word", "prompts", folder=folder).stderr
    assert error_of("import", "promptfoo", "gone.yaml", folder=folder)[1]["code"] == "invalid_configuration"
    assert error_of("export", "dotprompt", "gone", folder=folder)[1]["code"] == "task_not_found"
    (folder / "tasks").write_text("a file")
    assert error_of("import", "dotprompt", "prompts/dotprompt", folder=folder)[0] == 2
