"""The dictionaries of one project: numbered from 1, the latest in use, none ever removed while a span needs it."""

from sqlalchemy import Connection, insert, select

from lasttenth.records.errors import StorageError
from lasttenth.storage import schema
from lasttenth.storage.traces.bodies import NO_DICTIONARY, Packer

_rows = schema.dictionaries


class Dictionaries:
    """Pack with the latest dictionary, and unpack with the one that a span names."""

    def __init__(self, project: str) -> None:
        self.project = project
        self._packers = {NO_DICTIONARY: Packer()}
        self._latest: int | None = None

    def latest(self, connection: Connection) -> tuple[int, Packer]:
        """Return the number of the dictionary in use, and what packs with it."""
        if self._latest is None:
            self.refresh(connection)
        number = self._latest or NO_DICTIONARY
        return number, self.packer(connection, number)

    def refresh(self, connection: Connection) -> None:
        """Look whether somebody has stored a newer one."""
        query = select(_rows.c.id).where(_rows.c.project == self.project).order_by(_rows.c.id.desc()).limit(1)
        self._latest = connection.scalar(query) or NO_DICTIONARY

    def packer(self, connection: Connection, number: int) -> Packer:
        """Return what unpacks with a dictionary. Raises StorageError where it is missing."""
        packer = self._packers.get(number)
        if packer is None:
            query = select(_rows.c.body).where(_rows.c.project == self.project, _rows.c.id == number)
            body = connection.scalar(query)
            if body is None:
                raise StorageError(
                    f"Dictionary {number} of project {self.project} is missing.", hint="Restore a backup."
                )
            packer = self._packers[number] = Packer(bytes(body))
        return packer

    def trained_on(self, connection: Connection) -> int:
        """Return how many spans the project had when the latest dictionary was trained."""
        self.refresh(connection)
        query = select(_rows.c.spans).where(_rows.c.project == self.project, _rows.c.id == self._latest)
        return connection.scalar(query) or 0

    def add(self, connection: Connection, body: bytes, *, after: int, spans: int, now: int) -> None:
        """Store a dictionary as the successor of one; where somebody else was faster, theirs stands."""
        self.refresh(connection)
        if self._latest == after:
            row = {"project": self.project, "id": after + 1, "body": body, "spans": spans, "created": now}
            connection.execute(insert(_rows), row)
