"""Who may, how often, and what goes wrong: tokens, shares, quota, faults and people beside us."""

from __future__ import annotations

import concurrent.futures
import time
from pathlib import Path

import gspread
import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials as SACredentials
from gspread.auth import DEFAULT_SCOPES, READONLY_SCOPES
from gspread.exceptions import APIError, SpreadsheetNotFound

from tests.google import faults
from tests.google.book import Book
from tests.google.client import client_for
from tests.google.identity import PERSON, ROBOT
from tests.google.server import Clock, GoogleSheets, Quota

ROWS = [["Key", "esign status"], ["k3", ""], ["k1", ""], ["k2", ""]]


@pytest.fixture
def book(google: GoogleSheets) -> Book:
    made = google.book("People")
    made.add("People", ROWS)
    return made


@pytest.fixture
def sheet(client: gspread.Client, book: Book) -> gspread.Worksheet:
    return client.open_by_key(book.id).sheet1


def test_the_key_file_and_a_persons_consent_open_the_sheet(google: GoogleSheets, book: Book, tmp_path: Path) -> None:
    key = google.service_account_file(tmp_path / "key.json")
    robot = SACredentials.from_service_account_file(str(key), scopes=DEFAULT_SCOPES)
    robot.refresh(Request())
    assert google.identity.tokens[robot.token].user == robot.service_account_email == ROBOT
    for person, user in ((False, ROBOT), (True, PERSON)):
        assert client_for(google, person).open_by_key(book.id).title == "People"
        assert google.calls[-1].user == user
    assert google.tokens_granted == 3
    assert google.authorized_user_file(tmp_path / "person.json").stat().st_mode & 0o777 == 0o600


def test_an_expired_token_is_refreshed_by_googles_own_library(google: GoogleSheets, sheet: gspread.Worksheet) -> None:
    google.identity.expire()
    sheet.update([["sent"]], "B2")
    assert [call.status for call in google.calls[-2:]] == [401, 200] and google.tokens_granted == 2
    assert google.calls[-2].answer["error"]["status"] == "UNAUTHENTICATED" and not google.calls[-2].applied


def test_without_a_token_nobody_is_let_in(google: GoogleSheets, book: Book) -> None:
    answer = requests.get(f"{google.url}/v4/spreadsheets/{book.id}", timeout=5)
    assert answer.status_code == 401 and answer.json()["error"]["details"][0]["reason"] == "CREDENTIALS_MISSING"
    token = google.identity.issue(ROBOT, {"https://www.googleapis.com/auth/spreadsheets"})["access_token"]
    leaked = requests.get(f"{google.url}/v4/spreadsheets/{book.id}?access_token={token}", timeout=5)
    assert leaked.status_code == 400


def test_a_deleted_key_is_refused_at_the_token_address(google: GoogleSheets, book: Book) -> None:
    google.identity.refused.update({ROBOT, PERSON})
    for person in (False, True):
        with pytest.raises(RefreshError, match="invalid_grant"):
            client_for(google, person).open_by_key(book.id)


def test_a_reader_reads_and_a_stranger_does_not(google: GoogleSheets, book: Book, sheet: gspread.Worksheet) -> None:
    google.share(book, robot="reader")
    assert sheet.get("A1") == [["Key"]]
    with pytest.raises(APIError) as error:
        sheet.update([["x"]], "A1")
    assert error.value.error == {
        "code": 403,
        "message": "The caller does not have permission",
        "status": "PERMISSION_DENIED",
    }
    with pytest.raises(PermissionError):
        client_for(google, person=True).open_by_key(book.id)
    with pytest.raises(SpreadsheetNotFound):
        client_for(google).open_by_key("nothing-there")


def test_consent_to_reading_alone_does_not_write(google: GoogleSheets, book: Book) -> None:
    sheet = client_for(google, scopes=READONLY_SCOPES).open_by_key(book.id).sheet1
    with pytest.raises(APIError, match="insufficient authentication scopes"):
        sheet.update([["x"]], "A1")


def test_an_excel_file_in_drive_is_told_apart(google: GoogleSheets, book: Book, client: gspread.Client) -> None:
    book.is_excel_file = True
    with pytest.raises(APIError) as error:
        client.open_by_key(book.id)
    assert error.value.error["status"] == "FAILED_PRECONDITION"


def test_the_sixty_first_write_within_a_minute_is_refused(
    google: GoogleSheets, clock: Clock, book: Book, sheet: gspread.Worksheet
) -> None:
    google.quota = Quota(reads=5, writes=3)
    for text in "abc":
        clock.advance(1)
        sheet.update([[text]], "B2")
    with pytest.raises(APIError) as error:
        sheet.update([["d"]], "B2")
    said = error.value.error
    assert (said["code"], said["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert said["details"][0]["metadata"]["quota_limit"] == "WriteRequestsPerMinutePerUser"
    assert "'Write requests per minute per user'" in said["message"]
    assert book.sheet.cell("B2").value == "c" and sheet.get("B2") == [["c"]]
    assert google.busiest("write") == 3 and google.busiest("write", refused_too=True) == 4
    clock.advance(58)
    sheet.update([["e"]], "B2")
    with pytest.raises(APIError):
        sheet.update([["f"]], "B2")


def test_faults_meet_the_calls_they_are_meant_for(google: GoogleSheets, book: Book, sheet: gspread.Worksheet) -> None:
    google.fail(faults.busy(), "write")
    google.fail(faults.broken_after(), "values.update", skip=1)
    google.fail(faults.bad_gateway(), "values read", times=2)
    with pytest.raises(APIError, match="503"):
        sheet.update([["a"]], "B2")
    assert book.sheet.cell("B2").empty
    sheet.update([["b"]], "B2")
    with pytest.raises(APIError, match="500"):
        sheet.update([["c"]], "B2")
    assert book.sheet.cell("B2").value == "c"
    for _ in range(2):
        with pytest.raises(APIError) as error:
            sheet.get("B2")
        assert error.value.code == -1 and error.value.response.status_code == 502
    assert sheet.get("B2") == [["c"]]


@pytest.mark.parametrize(
    ("fault", "done"), [(faults.cut(), False), (faults.cut_after(), True), (faults.cut_within(), True)]
)
def test_a_cut_connection_says_nothing_of_what_was_done(
    google: GoogleSheets, book: Book, sheet: gspread.Worksheet, fault: faults.Fault, done: bool
) -> None:
    google.fail(fault, "values.update")
    with pytest.raises(requests.exceptions.RequestException):
        sheet.update([["sent"]], "B2")
    assert (book.sheet.cell("B2").value == "sent") is done
    call = google.made("write")[-1]
    assert (call.status, call.applied) == (0, done)


def test_a_late_answer_meets_the_clients_patience(google: GoogleSheets, book: Book, sheet: gspread.Worksheet) -> None:
    google.fail(faults.slow(5), "write")
    sheet.client.set_timeout(0.2)
    started = time.monotonic()
    with pytest.raises(requests.exceptions.ReadTimeout):
        sheet.update([["sent"]], "B2")
    assert time.monotonic() - started < 3 and book.sheet.cell("B2").value == "sent"


def test_a_person_sorts_between_our_read_and_our_write(
    google: GoogleSheets, book: Book, sheet: gspread.Worksheet
) -> None:
    google.after("values read", lambda: book.sheet.sort("A"))
    keys = sheet.col_values(1)
    assert keys == ["Key", "k3", "k1", "k2"]
    sheet.update([["sent"]], f"B{keys.index('k1') + 1}")
    assert book.sheet.records("Key") == {
        "k1": {"Key": "k1", "esign status": ""},
        "k2": {"Key": "k2", "esign status": "sent"},
        "k3": {"Key": "k3", "esign status": ""},
    }
    assert sheet.col_values(1) == ["Key", "k1", "k2", "k3"]


def test_a_person_acts_before_a_write_or_between_two_numbered_calls(
    google: GoogleSheets, book: Book, sheet: gspread.Worksheet
) -> None:
    google.before("write", lambda: book.sheet.insert_rows(2))
    sheet.update([["sent"]], "B2")
    assert book.sheet.shown()[:3] == [["Key", "esign status"], ["", "sent"], ["k3"]]
    google.after_call(len(google.calls) + 1, lambda: book.sheet.rename("Renamed"))
    assert sheet.get("A1") == [["Key"]]
    with pytest.raises(APIError, match="Unable to parse range: 'People'!A1"):
        sheet.get("A1")


def test_what_goes_wrong_in_an_action_fails_the_test(clock: Clock) -> None:
    with pytest.raises(ZeroDivisionError), GoogleSheets(clock) as google:
        google.book(book_id="b").add("S")
        google.before("any", lambda: 1 / 0)
        with pytest.raises(APIError):
            client_for(google).open_by_key("b")


def test_people_sort_insert_delete_duplicate_move_and_shuffle(book: Book) -> None:
    sheet = book.sheet
    sheet.fill([["Key", "N"], ["b", 2], ["c", "x"], ["a", 10]])
    sheet.sort("B", descending=True)
    assert [line[0] for line in sheet.shown()] == ["Key", "c", "a", "b"]
    sheet.duplicate_row(2)
    sheet.duplicate_column("A")
    sheet.insert_columns("A", header="New")
    assert sheet.shown()[1:3] == [["", "c", "c", "x"], ["", "c", "c", "x"]]
    sheet.delete_columns("A", 2)
    sheet.delete_rows(2)
    sheet.move_row(2, 4)
    assert [line[0] for line in sheet.shown()] == ["Key", "a", "b", "c"]
    sheet.type("A3", "=1+1")
    assert sheet.cell("A3").formula == "=1+1"
    sheet.put("A3", "b")
    sheet.shuffle(seed=1)
    first = sheet.shown()
    sheet.shuffle(seed=2)
    assert sorted(first) == sorted(sheet.shown()) and first[0] == ["Key", "N"]


def test_protected_cells_refuse_programs_and_nothing_of_the_call_is_done(
    google: GoogleSheets, book: Book, sheet: gspread.Worksheet
) -> None:
    book.sheet.protect(startColumnIndex=0, endColumnIndex=1)
    with pytest.raises(APIError, match="You are trying to edit a protected cell"):
        sheet.batch_update([{"range": "B2", "values": [["x"]]}, {"range": "A2", "values": [["x"]]}])
    assert book.sheet.cell("B2").empty
    book.sheet.type("A2", "a person may")


def test_many_threads_write_and_every_call_is_recorded_once(google: GoogleSheets, book: Book) -> None:
    google.quota = Quota(None, None)

    def write(number: int) -> None:
        client_for(google).open_by_key(book.id).sheet1.update([[f"w{number}"]], f"C{number}")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1, 17)))
    assert [book.sheet.cell(f"C{number}").value for number in range(1, 17)] == [f"w{n}" for n in range(1, 17)]
    assert [call.number for call in google.calls] == list(range(1, len(google.calls) + 1))
    assert sorted(cell.row for call in google.made("write") for cell in call.written) == list(range(1, 17))
    assert {call.input_option for call in google.made("values.update")} == {"RAW"}
