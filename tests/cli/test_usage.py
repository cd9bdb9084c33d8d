"""What a slip of the hand on the command line must not mean."""

from __future__ import annotations

import pytest

from cli.main import main


@pytest.mark.parametrize("verb", ["plan", "send"])
def test_a_second_sheet_is_not_taken_for_an_account(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "nda", "one.csv", "two.csv"])
    assert ended.value.code == 2
    assert "two.csv" in capsys.readouterr().err
