"""The synchronous face has all that the App has, and says so when it is not open."""

import inspect
from pathlib import Path

import pytest

from lasttenth import App, SyncApp
from lasttenth.app.calling import CalledTask
from lasttenth.app.jobs import ProjectJobs
from lasttenth.app.playground import Playground
from lasttenth.app.sync_jobs import SyncJobs
from lasttenth.app.sync_playground import SyncPlayground
from lasttenth.app.sync_tasks import SyncCalledTask, SyncTasks
from lasttenth.app.tasks import ProjectTasks
from lasttenth.jobs import Context
from lasttenth.records.jobs import NewJob


def public(kind: type) -> dict[str, list[inspect.Parameter]]:
    """Return the public methods of a class with their parameters."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {
        name: [each.replace(default=None) for each in inspect.signature(method).parameters.values()]
        for name, method in methods
        if not name.startswith("_")
    }


def test_every_method_of_the_app_is_there_with_the_same_parameters() -> None:
    assert public(SyncApp) == public(App)
    assert public(SyncJobs) == public(ProjectJobs)
    assert public(SyncTasks) == public(ProjectTasks)
    assert public(SyncCalledTask) == public(CalledTask)
    assert public(SyncPlayground) == public(Playground)


def test_jobs_are_enqueued_and_done_without_an_event_loop(tmp_path: Path) -> None:
    def double(context: Context[int]) -> int:
        return 2 * context.payload

    with SyncApp(tmp_path) as app:
        app.jobs.register("double", double, payload=int)
        job = app.jobs.enqueue(NewJob(kind="double", payload=21))
        app.jobs.work(until_idle=True)
        again = app.jobs.enqueue(NewJob(kind="double", payload=4))
        app.jobs.work(until_idle=True)
        results = [app.jobs.get(each.id).result for each in (job, again)]

    assert results == [42, 8]


def test_use_before_opening_is_an_error_and_never_waits(tmp_path: Path) -> None:
    app = SyncApp(tmp_path)

    with pytest.raises(RuntimeError, match="with SyncApp"):
        app.ask("Anything?")


def test_app_is_opened_again_after_it_was_closed(tmp_path: Path) -> None:
    app = SyncApp(tmp_path)

    with app:
        first = app.indexes()
    with app:
        second = app.indexes()
    app.close()

    assert first == second == []


def test_one_path_need_not_stand_in_a_list(tmp_path: Path) -> None:
    (tmp_path / "tea.md").write_text("# Tea\n\nTea is served at five.\n")

    with SyncApp(tmp_path / "data") as app:
        report = app.index(str(tmp_path / "tea.md"))
        answer = app.ask("When is tea served?", docs=tmp_path / "tea.md")

    assert report.added == 1
    assert "at five" in answer.text
