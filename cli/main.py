"""The command itself: which verbs there are, and how each ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from cli.failures import Failure
from cli.verbs import batch, demo, doctor, events, plan, providers, recipes, request, sandbox, send, status, up

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
app.command(demo.demo)
app.command(up.up)
app.command(plan.plan)
app.command(send.send)
app.command(status.status)
app.command(batch.app)
app.command(request.app)
app.command(recipes.app)
app.command(providers.app)
app.command(sandbox.sandbox)
app.command(events.app)
app.command(doctor.doctor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code; every failure is one sentence on standard error."""
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
        sys.exit(130)
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

    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(sentence)


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


def _leave_quietly() -> None:
    """A reader that went away (`esign status | head`) is no failure."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
