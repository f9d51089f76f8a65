"""One worker of `lasttenth up --workers N`. Its supervisor starts it; it is no command of its own."""

import logging
import socket
from pathlib import Path

import uvloop

from lasttenth.app.installation import Installation
from lasttenth.app.views import Crew
from lasttenth.cli.output import fail
from lasttenth.console.pages import console_routes
from lasttenth.records.errors import LasttenthError
from lasttenth.server.application import Application
from lasttenth.server.run import LINGER_SECONDS, LOG_FORMAT, serve
from lasttenth.server.workers import Orders, Reporter


def main() -> None:
    """Serve as the supervisor at the other end of standard input says, until it has gone."""
    logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT)
    try:
        uvloop.run(_work())
    except LasttenthError as error:
        fail(error, as_json=False)


async def _work() -> None:
    reporter = await Reporter.open()
    orders = await reporter.orders()
    if orders is not None:
        await _serve(orders, reporter)


async def _serve(orders: Orders, reporter: Reporter) -> None:
    with socket.socket(fileno=orders.listener) as listener:
        writer = Path(orders.writer) if orders.writer else None
        installation = await Installation.open(orders.place, writer=writer)

        def tell(crew: Crew) -> None:
            installation.workers = crew

        reporter.listen(tell)
        installation.runner.start()
        try:
            application = Application(installation, keys_required=orders.keys_required, pages=console_routes())
            stopping = installation.runner.close
            await serve(application, listener, ready=reporter.is_ready, stopping=stopping, linger=LINGER_SECONDS)
        finally:
            reporter.close()
            await installation.close()


if __name__ == "__main__":
    main()
