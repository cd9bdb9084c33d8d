"""The command itself: which verbs there are, and how each ends."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError

from cli.failures import Failure

YOUNG_OBJECTS = 20_000
"""How many are made before garbage is looked for; some megabytes at most."""
LAST_WORD_SECONDS = 0.4
"""How long an interrupted command waits at its very end for what libraries still want to do."""
EPILOGUE = "Exit codes: 0 fine; 1 the answer is no; 2 usage or configuration; 3 the outside failed."


def _version() -> str:
    from importlib.metadata import version

    return version("prefect-esign")


app = App(
    name="esign",
    help="Have documents signed from a spreadsheet, and see what became of them. --debug shows tracebacks.",
    help_epilogue=EPILOGUE,
    version=_version,
    help_format="plaintext",
    # Ctrl-C gets a sentence of ours, in `main`.
    suppress_keyboard_interrupt=False,
)
# By name, so that the verb that is called is the only one imported, and for the page of all of them none is.
app.command(
    "cli.verbs.demo:demo",
    help="""Send a sheet of 12 rows to the sandbox, have simulated people sign, and archive what is signed.

    Starts everything on free ports, tells what became of each row, and stops everything again. What it leaves lies
    under .esign/demo of this folder; running it again starts afresh.
    """,
)
app.command(
    "cli.verbs.up:up",
    help="Start a Prefect server (unless PREFECT_API_URL names one), deployments, worker, receiver and sandbox.",
)
app.command(
    "cli.verbs.receiver:receiver",
    help="Take webhooks until Ctrl-C: verify, store, answer. Needs ESIGN_RECEIVER_SECRET and the ledger, not Prefect.",
)
app.command(
    "cli.verbs.plan:plan",
    help="Show what sending this sheet would do, and what has to be mended first; nothing is sent.",
)
app.command(
    "cli.verbs.send:send",
    help="Send what the plan says; the same call again goes on after an interruption and sends nothing twice.",
)
app.command(
    "cli.verbs.status:status",
    help="Show the newest batch, or the one named: how many rows stand where, and which ones need a person.",
)
app.command("cli.verbs.sheet:app", name="sheet", help="A new sheet for a recipe, and a sheet brought up to date.")
app.command("cli.verbs.batch:app", name="batch", help="Steer a batch: pause, resume, void, remind, resend.")
app.command("cli.verbs.request:app", name="request", help="One request: show, remind, correct, cancel, resolve.")
app.command("cli.verbs.recipes:app", name="recipes", help="What can be sent: the recipes on this machine.")
app.command(
    "cli.verbs.providers:app", name="providers", help="What each provider can do, and whether an account works."
)
app.command(
    "cli.verbs.sandbox:sandbox",
    help="Run the sandbox alone until Ctrl-C; its key is printed, and every provider's API stands under its own path.",
)
app.command(
    "cli.verbs.events:app",
    name="events",
    help="Which webhooks came, and another try for those nothing could be made of.",
)
app.command(
    "cli.verbs.doctor:doctor",
    help="Look at configuration, ledger, Prefect server, worker, receiver, sandbox and archive.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code; every failure is one sentence on standard error."""
    # What is imported stays; looking through it for garbage every 700 objects, and twice more at the end, is a fifth of
    # a short command's time.
    gc.set_threshold(YOUNG_OBJECTS)
    atexit.register(gc.freeze)
    # A service manager's wish to end is Ctrl-C's: calls under way are recorded, and children are not left behind.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _complain(f"{_one_line(error)} See `esign --help`.")
        sys.exit(2)
    except KeyboardInterrupt:
        _complain("Stopped. What was sent is in the ledger; the same command goes on where this one ended.")
        _leave_soon(130)
    except BrokenPipeError:
        pass  # said below
    except Exception as error:
        if debug:
            raise
        sentence, code = explain(error)
        _complain(sentence)
        sys.exit(code)
    _leave_quietly()


def _complain(sentence: str) -> None:
    from rich.console import Console

    from cli.tables import printable

    # It may name a file, a column or a worksheet, which somebody else has named.
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(printable(sentence))


def explain(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code that belong to an error."""
    from connectors.sheets.errors import SheetError
    from connectors.signing.errors import ConnectorError, Unsupported
    from ledger.errors import LedgerError
    from recipes.errors import RecipeError

    if isinstance(error, Failure):
        return str(error), error.code
    if isinstance(error, RecipeError | SheetError | Unsupported) or getattr(error, "public", False):
        return str(error), 2
    if isinstance(error, ConnectorError | LedgerError):
        return str(error), 3
    if isinstance(error, ValueError) and type(error) is ValueError:
        return str(error), 2
    return f"Something failed that nobody foresaw ({type(error).__name__}); run the same with --debug to see where.", 3


def _one_line(error: CycloptsError) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _leave_soon(code: int) -> NoReturn:
    """Exit, without waiting for what libraries still want to do: Prefect tells a server that is gone for seconds."""
    _leave_quietly()
    last_word = threading.Timer(LAST_WORD_SECONDS, os._exit, (code,))
    last_word.daemon = True
    last_word.start()
    sys.exit(code)


def _leave_quietly() -> None:
    """A reader that went away (`esign status | head`) is no failure."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
