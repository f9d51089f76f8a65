"""Settings that are read anew while a server runs: taken whole, or not at all, and either way said."""

import logging
from collections.abc import Callable
from pathlib import Path

from lasttenth.app.configuration import Settings, settings_text
from lasttenth.app.settings_history import Applied, SettingsHistory, changes, said
from lasttenth.records.errors import ConfigurationError, LasttenthError
from lasttenth.records.ids import Clock

logger = logging.getLogger("lasttenth.server")


class Reloading:
    """Read the settings of a running server anew.

    Args:
        path: the file.
        read: returns the settings that stand there.
        take: takes them; raises LasttenthError where they cannot be.
        settings: those that hold.
        workers: how many serve.
    """

    def __init__(
        self,
        path: Path,
        *,
        read: Callable[[], Settings],
        take: Callable[[Settings], None],
        history: SettingsHistory,
        clock: Clock,
        workers: int,
    ) -> None:
        self._path = path
        self._read = read
        self._take = take
        self._history = history
        self._clock = clock
        self._workers = workers
        self._settings = read()
        self._has_file = path.exists()

    def begin(self) -> None:
        """Take note of the settings that a server has started with."""
        self._keep(settings_text(self._path))

    def again(self) -> None:
        """Read the settings anew; those that are wrong are reported and change nothing."""
        try:
            text, settings = self._found()
            self._take(settings)
        except LasttenthError as error:
            logger.error("The settings stay as they were: %s", error)  # noqa: TRY400 - no defect of ours
            self._history.note(Applied(at=self._clock.now(), error=str(error)))
            return
        for change in changes(self._settings, settings, workers=self._workers):
            logger.warning("Settings: %s", said(change))
        self._settings = settings
        self._keep(text)

    def _found(self) -> tuple[str, Settings]:
        """Return the text of the file, and what it says. Raises ConfigurationError."""
        if self._has_file and not self._path.exists():
            raise ConfigurationError(f"{self._path} is gone.", hint="Put it back: lasttenth config rollback VERSION")
        return settings_text(self._path), self._read()

    def _keep(self, text: str) -> None:
        version = self._history.keep(text, at=self._clock.now())
        self._history.note(Applied(at=self._clock.now(), version=version))
