"""How tasks, releases and pointers look on a terminal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lasttenth.app.tasks import Checked, Pushed, TaskState
from lasttenth.cli.output import table
from lasttenth.records.definitions import Case, Task
from lasttenth.records.events import PointerMove, Protection, Registration
from lasttenth.records.hashing import SHOWN
from lasttenth.records.money import format_dollars
from lasttenth.releases.differences import Change
from lasttenth.releases.proposals import ProposalState

_COLOURS = {"-": "red", "+": "green", "@": "cyan", "error": "red", "warning": "yellow"}


def task_table(tasks: Sequence[Task]) -> object:
    """Return tasks, one a line."""
    return table(
        ("Task", "Description"), [(f"task/{each.name}", each.description) for each in tasks], empty="No tasks."
    )


def task_state(state: TaskState) -> Group:
    """Return a task and where its pointers stand."""
    task = state.task
    facts = [f"{name} {value}" for name, value in (("owner", task.owner), ("risk tier", task.risk_tier)) if value]
    head = [Text(f"task/{task.name}", style="bold"), *(Text(each) for each in (task.description, *facts) if each)]
    protected = [
        Text(f"{task.name}@{name} needs {needed} approval{'s' * (needed > 1)}.")
        for name, needed in state.protections.items()
    ]
    return Group(*head, move_table(state.pointers, named=True), *protected)


def move_table(moves: Sequence[PointerMove], *, named: bool = False) -> Table | Text:
    """Return moves of pointers, one a line."""
    rows = [
        [*([move.pointer] if named else []), _time(move.at), weights(move.releases), _who(move), move.reason]
        for move in moves
    ]
    columns = (*(["Pointer"] if named else []), "Since" if named else "Time", "Releases", "By", "Why")
    return table(columns, rows, empty="It has not been moved.", in_lines=True)


def _who(move: PointerMove) -> str:
    return f"{move.actor}, approved by {' and '.join(move.approvers)}" if move.approvers else move.actor


def move_line(move: PointerMove) -> Text:
    """Return what a move did."""
    return Text(f"{move.subject} stands on {weights(move.releases)}.")


def protection_line(protection: Protection) -> Text:
    """Return what a protection does."""
    needed = f"needs {protection.approvals} approvals" if protection.approvals != 1 else "needs one approval"
    return Text(f"{protection.subject} {needed if protection.approvals else 'may be moved by anybody'}.")


def release_table(registrations: Sequence[Registration]) -> object:
    """Return declarations, one a line."""
    rows = [(each.release[:SHOWN], _time(each.at), each.actor, each.comment) for each in registrations]
    return table(("Release", "Declared", "By", "Why"), rows, empty="Nothing was declared.", in_lines=True)


def case_table(cases: Sequence[Case]) -> object:
    """Return cases, one a line."""
    rows = [
        (each.hash[:SHOWN], _asked(each), (each.reference or {}).get("text", ""), ", ".join(each.tags))
        for each in cases
    ]
    return table(("Case", "Asked", "A good answer", "Tags"), rows, empty="No cases.")


def _asked(case: Case) -> str:
    given = case.input.get("variables") or {}
    variables = " ".join(f"{name}={_shown(value)}" for name, value in given.items())
    return f"{case.input.get('question', '')}  {variables}".strip()


def changes(found: Sequence[Change]) -> Group:
    """Return what is different between two releases."""
    if not found:
        return Group(Text("Nothing is different."))
    return Group(*(line for change in found for line in change_lines(change)))


def pushed_lines(pushed: Pushed) -> Group:
    """Return what came of a task file."""
    head = Text(f"task/{pushed.task}  release {pushed.release[:SHOWN]}", style="bold")
    lines = [line for change in pushed.changes for line in change_lines(change)]
    if pushed.stood == {pushed.release: 1.0}:
        lines.append(Text("  no change"))
    elif len(pushed.stood) > 1:
        lines.append(Text(f"  the pointer stood on {weights(pushed.stood)}"))
    if pushed.move is not None:
        lines.append(move_line(pushed.move))
    if pushed.proposal is not None:
        lines.append(Text(f"The pointer is protected: proposal {pushed.proposal.proposal.id} waits for an approval."))
    return Group(head, *lines)


def checked_lines(checked: Checked) -> Group:
    """Return what can be said about a task file."""
    cost = "" if checked.cost is None else f", {format_dollars(checked.cost)} to send"
    name = f"task/{checked.task}  about {checked.tokens} tokens{cost}" if checked.task else "no task"
    head = Text(f"{checked.source}  {name}", style="bold")
    lines = [
        Text.assemble("  ", (each.severity, _COLOURS[each.severity]), f"  {each.part}  {each.message}")
        for each in checked.findings
    ]
    return Group(head, *lines or [Text("  Nothing was found.")])


def pulled_lines(written: Mapping[str, bool]) -> Group:
    """Return which files were written."""
    return Group(*(Text(f"{file}  {'written' if is_new else 'unchanged'}") for file, is_new in written.items()))


def proposal_lines(state: ProposalState) -> Group:
    """Return a proposal and what was said of it."""
    proposal = state.proposal
    target = f"{proposal.task}@{proposal.pointer}"
    said = [Text(f"  {each.actor} {_SAID[each.decision]}: {each.comment}".rstrip(": ")) for each in state.reviews]
    return Group(
        Text.assemble((f"{proposal.id}  {state.state}", "bold"), f"  {target} to {weights(proposal.releases)}"),
        Text(f"  {proposal.actor} proposes it: {proposal.comment}".rstrip(": ")),
        *said,
    )


def proposal_list(states: Sequence[ProposalState]) -> Group:
    """Return proposals."""
    return Group(*map(proposal_lines, states)) if states else Group(Text("No proposals."))


_SAID = {"approve": "approves", "reject": "rejects"}


def weights(releases: Mapping[str, float]) -> str:
    """Return weighted releases, the heaviest first, with their shares where there are several."""
    total = sum(releases.values())
    ordered = sorted(releases, key=lambda name: (-releases[name], name))
    return ", ".join(
        name[:SHOWN] if len(releases) == 1 else f"{name[:SHOWN]} {releases[name] / total:.1%}" for name in ordered
    )


def change_lines(change: Change) -> list[Text]:
    """Return one change."""
    if change.lines:
        lines = [Text(f"    {line}", style=_COLOURS.get(line[:1], "")) for line in change.lines]
        return [Text(f"  {change.part}"), *lines]
    before = [] if change.kind == "added" else [(_shown(change.before), "red")]
    after = [] if change.kind == "removed" else [(_shown(change.after), "green")]
    arrow = [" → "] if before and after else []
    return [Text.assemble(f"  {change.part}  ", *before, *arrow, *after)]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1e9, tz=UTC).astimezone():%Y-%m-%d %H:%M:%S}"
