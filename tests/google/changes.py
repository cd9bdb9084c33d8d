"""The requests of spreadsheets:batchUpdate that making a sheet needs; all of a call's are done or none."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.google import masks
from tests.google.book import Book
from tests.google.errors import Refused
from tests.google.ranges import Box
from tests.google.worksheet import COLUMNS, ROWS, Line, Worksheet

Reply = dict[str, Any] | None
HANDS: dict[str, Callable[[Book, dict[str, Any]], Reply]] = {}


def request(function: Callable[[Book, dict[str, Any]], Reply]) -> Callable[[Book, dict[str, Any]], Reply]:
    """The function's name is that of the kind of request: add_sheet for addSheet."""
    first, *more = function.__name__.split("_")
    HANDS[first + "".join(word.capitalize() for word in more)] = function
    return function


def apply(book: Book, body: dict[str, Any]) -> dict[str, Any]:
    requests = body.get("requests", [])
    if not requests:
        raise Refused("Must specify at least one request.")
    restore = book.snapshot()
    replies = []
    for index, given in enumerate(requests):
        try:
            if len(given) != 1:
                raise Refused("No request set." if not given else f"oneof field 'kind' is already set: {[*given]}")
            ((kind, details),) = given.items()
            reply = HANDS[kind](book, details)
            replies.append({kind: reply} if reply is not None else {})
        except Refused as refused:
            restore()
            raise refused.under(f"requests[{index}]" + (f".{next(iter(given))}" if given else "")) from None
        except BaseException:
            restore()
            raise
    answer: dict[str, Any] = {"spreadsheetId": book.id, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        answer["updatedSpreadsheet"] = book.described(
            body.get("responseRanges", []), body.get("responseIncludeGridData", False)
        )
    return answer


@request
def add_sheet(book: Book, details: dict[str, Any]) -> Reply:
    given = details.get("properties", {})
    grid = given.get("gridProperties", {})
    taken = {sheet.title for sheet in book.worksheets}
    title = given.get("title") or next(f"Sheet{n}" for n in range(1, 1000) if f"Sheet{n}" not in taken)
    sheet = book.add(
        title,
        size=(grid.get("rowCount", 1000), grid.get("columnCount", 26)),
        sheet_id=given.get("sheetId"),
        index=given.get("index"),
    )
    more = {name: value for name, value in grid.items() if name not in ("rowCount", "columnCount")}
    sheet.properties = {"gridProperties": more} | {
        name: value for name, value in given.items() if name in ("hidden", "tabColor", "tabColorStyle", "rightToLeft")
    }
    refuse_all_frozen(sheet)
    return {"properties": book.properties(sheet)}


@request
def delete_sheet(book: Book, details: dict[str, Any]) -> Reply:
    sheet = book.by_id(details.get("sheetId", 0))
    if len(book.worksheets) == 1:
        raise Refused("You can't remove all the sheets in a document.")
    book.worksheets.remove(sheet)
    return None


@request
def duplicate_sheet(book: Book, details: dict[str, Any]) -> Reply:
    source = book.by_id(details.get("sourceSheetId", 0))
    title = details.get("newSheetName") or f"Copy of {source.title}"
    sheet = book.add(
        title,
        size=(source.row_count, source.column_count),
        sheet_id=details.get("newSheetId") or None,
        index=details.get("insertSheetIndex", 0),
    )
    sheet.__dict__.update(source.contents() | {"title": title})
    return {"properties": book.properties(sheet)}


@request
def update_sheet_properties(book: Book, details: dict[str, Any]) -> Reply:
    given = details.get("properties", {})
    sheet = book.by_id(given.get("sheetId", 0))
    paths = masks.wanted(details.get("fields"), "SheetProperties")
    now = book.properties(sheet)
    masks.take_over(now, given, paths)
    if now.get("title") != sheet.title:
        if not now.get("title"):
            raise Refused("Sheet name cannot be empty.")
        if any(other is not sheet and other.title.casefold() == now["title"].casefold() for other in book.worksheets):
            raise Refused(f'A sheet with the name "{now["title"]}" already exists. Please enter another name.')
        sheet.title = now["title"]
    if now.get("index") != book.worksheets.index(sheet):
        book.worksheets.remove(sheet)
        book.worksheets.insert(now.get("index", 0), sheet)
    grid = now.get("gridProperties", {})
    sheet.properties = {name: value for name, value in now.items() if name in ("hidden", "tabColor", "tabColorStyle")}
    sheet.properties["gridProperties"] = {
        name: value for name, value in grid.items() if name not in ("rowCount", "columnCount")
    }
    sheet.resize(grid.get("rowCount", sheet.row_count), grid.get("columnCount", sheet.column_count))
    refuse_all_frozen(sheet)
    return None


def refuse_all_frozen(sheet: Worksheet) -> None:
    grid = sheet.properties.get("gridProperties", {})
    if grid.get("frozenRowCount", 0) >= sheet.row_count:
        raise Refused("You can't freeze all visible rows on the sheet.")
    if grid.get("frozenColumnCount", 0) >= sheet.column_count:
        raise Refused("You can't freeze all visible columns on the sheet.")


@request
def update_spreadsheet_properties(book: Book, details: dict[str, Any]) -> Reply:
    now = {"title": book.title, "locale": book.locale, "timeZone": book.time_zone}
    masks.take_over(now, details.get("properties", {}), masks.wanted(details.get("fields"), "SpreadsheetProperties"))
    book.title, book.locale, book.time_zone = now["title"], now["locale"], now["timeZone"]
    return None


@request
def append_dimension(book: Book, details: dict[str, Any]) -> Reply:
    sheet = book.by_id(details.get("sheetId", 0))
    count = details.get("length", 0)
    if count < 1:
        raise Refused("length must be positive.")
    dimension = dimension_of(details)
    sheet.insert(dimension, sheet.row_count if dimension == ROWS else sheet.column_count, count)
    return None


@request
def insert_dimension(book: Book, details: dict[str, Any]) -> Reply:
    sheet, dimension, start, end = span(book, details.get("range", {}), may_end_outside=True)
    before = details.get("inheritFromBefore", False)
    if before and start == 0:
        raise Refused("inheritFromBefore cannot be true if startIndex is 0.")
    sheet.insert(dimension, start, end - start, before)
    return None


@request
def delete_dimension(book: Book, details: dict[str, Any]) -> Reply:
    sheet, dimension, start, end = span(book, details.get("range", {}))
    sheet.delete(dimension, start, end)
    return None


@request
def update_dimension_properties(book: Book, details: dict[str, Any]) -> Reply:
    given = details.get("properties", {})
    for line in lines_of(book, details.get("range", {})):
        now = {"hiddenByUser": line.hidden, "pixelSize": line.pixels}
        masks.take_over(now, given, masks.wanted(details.get("fields"), "DimensionProperties"))
        line.hidden, line.pixels = now.get("hiddenByUser", False), now.get("pixelSize", 0)
    return None


@request
def auto_resize_dimensions(book: Book, details: dict[str, Any]) -> Reply:
    lines_of(book, details.get("dimensions", {}))
    return None


@request
def update_cells(book: Book, details: dict[str, Any]) -> Reply:
    """A range is cleared where the rows do not cover it; from a start on, only what is given is touched."""
    paths = masks.wanted(details.get("fields"), "CellData")
    rows = [line.get("values", []) for line in details.get("rows", [])]
    if "range" in details:
        sheet, box = book.grid(details["range"])
        if len(rows) > box.bottom - box.top or any(len(line) > box.right - box.left for line in rows):
            raise Refused("The rows do not fit into the range.")
        for row in range(box.top, box.bottom):
            line = rows[row - box.top] if row - box.top < len(rows) else []
            for column in range(box.left, box.right):
                given = line[column - box.left] if column - box.left < len(line) else {}
                set_cell(sheet, row, column, given, paths)
        return None
    start = details.get("start", {})
    width = max((len(line) for line in rows), default=0)
    limits = {
        "startRowIndex": start.get("rowIndex", 0),
        "startColumnIndex": start.get("columnIndex", 0),
    }
    sheet, box = book.grid({"sheetId": start.get("sheetId", 0), **limits})
    if box.top + len(rows) > sheet.row_count or box.left + width > sheet.column_count:
        raise Refused(
            f"Attempting to write row: {box.top + len(rows) - 1}, beyond the last requested row of: "
            f"{sheet.row_count - 1}"
        )
    for row, line in enumerate(rows, box.top):
        for column, given in enumerate(line, box.left):
            set_cell(sheet, row, column, given, paths)
    return None


@request
def repeat_cell(book: Book, details: dict[str, Any]) -> Reply:
    paths = masks.wanted(details.get("fields"), "CellData")
    sheet, box = book.grid(details.get("range", {}))
    for row, column in cells_of(box):
        set_cell(sheet, row, column, details.get("cell", {}), paths)
    return None


@request
def append_cells(book: Book, details: dict[str, Any]) -> Reply:
    """After the last row with data in it, growing the grid."""
    paths = masks.wanted(details.get("fields"), "CellData")
    sheet = book.by_id(details.get("sheetId", 0))
    rows = [line.get("values", []) for line in details.get("rows", [])]
    top = max((row for row, line in enumerate(sheet.cells, 1) if any(c and not c.empty for c in line)), default=0)
    width = max((len(line) for line in rows), default=0)
    sheet.resize(max(sheet.row_count, top + len(rows)), max(sheet.column_count, width))
    for row, line in enumerate(rows, top):
        for column, given in enumerate(line):
            set_cell(sheet, row, column, given, paths)
    return None


def set_cell(sheet: Worksheet, row: int, column: int, given: dict[str, Any], paths: list[tuple[str, ...]]) -> None:
    given = copy.deepcopy(given)
    value = given.get("userEnteredValue")
    sets_value = any(path[0] == "userEnteredValue" for path in paths)
    if sets_value and value is not None and len(value) != 1:
        raise Refused("userEnteredValue: exactly one kind of value must be set.")
    if "errorValue" in (value or {}):
        raise Refused("userEnteredValue.errorValue is read-only.")
    if sets_value and value:
        sheet.refuse_long(next(iter(value.values())))
    check_rule(given.get("dataValidation"))
    sheet.refuse_protected(row, column)
    cell = sheet.make(row, column)
    if sets_value:
        sheet.note_written(row, column)
        cell.entered = value
    masks.take_over(cell.kept, given, [path for path in paths if path[0] != "userEnteredValue"])


ONE_VALUE = ("NUMBER_GREATER", "NUMBER_LESS", "NUMBER_EQ", "NUMBER_NOT_EQ", "TEXT_CONTAINS", "TEXT_STARTS_WITH")
VALUE_COUNTS = {
    **dict.fromkeys((*ONE_VALUE, "NUMBER_GREATER_THAN_EQ", "NUMBER_LESS_THAN_EQ"), (1, 1)),
    **dict.fromkeys(("TEXT_NOT_CONTAINS", "TEXT_ENDS_WITH", "TEXT_EQ", "CUSTOM_FORMULA", "ONE_OF_RANGE"), (1, 1)),
    **dict.fromkeys(("DATE_BEFORE", "DATE_AFTER", "DATE_ON_OR_BEFORE", "DATE_ON_OR_AFTER", "DATE_EQ"), (1, 1)),
    **dict.fromkeys(("NUMBER_BETWEEN", "NUMBER_NOT_BETWEEN", "DATE_BETWEEN", "DATE_NOT_BETWEEN"), (2, 2)),
    **dict.fromkeys(("TEXT_IS_EMAIL", "TEXT_IS_URL", "DATE_IS_VALID", "BLANK", "NOT_BLANK"), (0, 0)),
    "ONE_OF_LIST": (1, 500),
    "BOOLEAN": (0, 2),
}


def check_rule(rule: dict[str, Any] | None) -> None:
    """A rule needs a condition, and a condition as many values as Google wants."""
    if rule is None:
        return
    condition = rule.get("condition", {})
    kind = condition.get("type", "CONDITION_TYPE_UNSPECIFIED")
    if kind == "CONDITION_TYPE_UNSPECIFIED":
        raise Refused("DataValidationRule.condition: ConditionType must be specified.")
    fewest, most = VALUE_COUNTS.get(kind, (0, 500))
    values = condition.get("values", [])
    if not fewest <= len(values) <= most:
        raise Refused(f"ConditionType '{kind}' must have {fewest} to {most} ConditionValues; {len(values)} were given.")
    if kind in ("ONE_OF_RANGE", "CUSTOM_FORMULA") and not values[0].get("userEnteredValue", "").startswith("="):
        raise Refused(f"ConditionType '{kind}' needs a value that begins with '='.")


@request
def set_data_validation(book: Book, details: dict[str, Any]) -> Reply:
    rule = details.get("rule")
    check_rule(rule)
    sheet, box = book.grid(details.get("range", {}))
    for row, column in cells_of(box):
        if rule is not None:
            sheet.make(row, column).kept["dataValidation"] = copy.deepcopy(rule)
        elif (cell := sheet.at(row, column)) is not None:
            cell.kept.pop("dataValidation", None)
    return None


@request
def add_conditional_format_rule(book: Book, details: dict[str, Any]) -> Reply:
    rule = details.get("rule", {})
    if not rule.get("ranges") or not ({"booleanRule", "gradientRule"} & set(rule)):
        raise Refused("A rule needs ranges and a booleanRule or a gradientRule.")
    sheet, _ = book.grid(rule["ranges"][0])
    for limits in rule["ranges"]:
        if book.grid(limits)[0] is not sheet:
            raise Refused("All ranges of a rule must be on the same sheet.")
    sheet.conditional_formats.insert(details.get("index", 0), copy.deepcopy(rule))
    return None


@request
def delete_conditional_format_rule(book: Book, details: dict[str, Any]) -> Reply:
    sheet, index = book.by_id(details.get("sheetId", 0)), details.get("index", 0)
    if index >= len(sheet.conditional_formats):
        raise Refused(f"No conditional format on sheet: {sheet.id} at index: {index}")
    return {"rule": sheet.conditional_formats.pop(index)}


@request
def create_developer_metadata(book: Book, details: dict[str, Any]) -> Reply:
    """At a row or column it moves along when something is inserted before; sorting leaves it where it is."""
    entry = copy.deepcopy(details.get("developerMetadata", {}))
    location = entry.get("location", {})
    if not entry.get("metadataKey") or entry.get("visibility", "DEVELOPER_METADATA_VISIBILITY_UNSPECIFIED").endswith(
        "UNSPECIFIED"
    ):
        raise Refused("developerMetadata needs a metadataKey and a visibility.")
    entry.setdefault("metadataId", book.new_id())
    if "dimensionRange" in location:
        lines = lines_of(book, location["dimensionRange"])
        if len(lines) != 1:
            raise Refused("Metadata can be at one row or one column only.")
        lines[0].metadata.append(entry)
        location["locationType"] = location["dimensionRange"]["dimension"].removesuffix("S")
    elif "sheetId" in location:
        book.by_id(location["sheetId"])
        location["locationType"] = "SHEET"
        book.metadata.append(entry)
    elif location.get("spreadsheet"):
        location["locationType"] = "SPREADSHEET"
        book.metadata.append(entry)
    else:
        raise Refused("developerMetadata needs a location.")
    return {"developerMetadata": copy.deepcopy(entry)}


def metadata(book: Book) -> list[dict[str, Any]]:
    """All of it, with where rows and columns are by now."""
    found = copy.deepcopy(book.metadata)
    for sheet in book.worksheets:
        for dimension, lines in ((ROWS, sheet.rows), (COLUMNS, sheet.columns)):
            for index, line in enumerate(lines):
                for entry in copy.deepcopy(line.metadata):
                    limits = {"sheetId": sheet.id, "dimension": dimension, "startIndex": index, "endIndex": index + 1}
                    entry["location"]["dimensionRange"] = limits
                    found.append(entry)
    return found


def search_metadata(book: Book, body: dict[str, Any]) -> dict[str, Any]:
    matched = []
    for entry in metadata(book):
        filters = []
        for wanted in body.get("dataFilters", []):
            lookup = wanted.get("developerMetadataLookup")
            if lookup is None:
                raise Refused("The double searches by developerMetadataLookup alone.")
            plain = ("metadataKey", "metadataValue", "metadataId", "visibility")
            if all(lookup[name] == entry.get(name) for name in plain if name in lookup) and (
                lookup.get("locationType", entry["location"]["locationType"]) == entry["location"]["locationType"]
            ):
                filters.append(wanted)
        if filters:
            matched.append({"developerMetadata": entry, "dataFilters": filters})
    return {"matchedDeveloperMetadata": matched} if matched else {}


@request
def delete_developer_metadata(book: Book, details: dict[str, Any]) -> Reply:
    gone = [
        found["developerMetadata"]
        for found in search_metadata(book, {"dataFilters": [details["dataFilter"]]}).get("matchedDeveloperMetadata", [])
    ]
    ids = {entry["metadataId"] for entry in gone}
    book.metadata = [entry for entry in book.metadata if entry["metadataId"] not in ids]
    for sheet in book.worksheets:
        for line in (*sheet.rows, *sheet.columns):
            line.metadata = [entry for entry in line.metadata if entry["metadataId"] not in ids]
    return {"deletedDeveloperMetadata": gone}


@request
def merge_cells(book: Book, details: dict[str, Any]) -> Reply:
    sheet, box = book.grid(details.get("range", {}))
    kind = details.get("mergeType", "MERGE_ALL")
    if kind == "MERGE_ROWS":
        boxes = [Box(row, box.left, row + 1, box.right) for row in range(box.top, box.bottom)]
    elif kind == "MERGE_COLUMNS":
        boxes = [Box(box.top, column, box.bottom, column + 1) for column in range(box.left, box.right)]
    else:
        boxes = [box]
    for each in boxes:
        sheet.merge_box(each)
    return None


@request
def unmerge_cells(book: Book, details: dict[str, Any]) -> Reply:
    sheet, box = book.grid(details.get("range", {}))
    sheet.merges = [
        merge
        for merge in sheet.merges
        if merge["endRowIndex"] <= box.top
        or merge["startRowIndex"] >= box.bottom
        or merge["endColumnIndex"] <= box.left
        or merge["startColumnIndex"] >= box.right
    ]
    return None


@request
def sort_range(book: Book, details: dict[str, Any]) -> Reply:
    sheet, box = book.grid(details.get("range", {}))
    specs = details.get("sortSpecs", [])
    if not specs:
        raise Refused("At least one sort spec must be given.")
    sheet.order(box, [(spec.get("dimensionIndex", 0), spec.get("sortOrder") == "DESCENDING") for spec in specs])
    return None


@request
def set_basic_filter(book: Book, details: dict[str, Any]) -> Reply:
    given = copy.deepcopy(details.get("filter", {}))
    sheet, _ = book.grid(given.get("range", {}))
    sheet.filter = given
    return None


@request
def clear_basic_filter(book: Book, details: dict[str, Any]) -> Reply:
    sheet = book.by_id(details.get("sheetId", 0))
    sheet.filter = None
    for line in sheet.rows:
        line.filtered = False
    return None


@request
def add_protected_range(book: Book, details: dict[str, Any]) -> Reply:
    """Who adds it may go on editing, so only warnings are kept as more than a note of it."""
    given = copy.deepcopy(details.get("protectedRange", {}))
    sheet, _ = book.grid(given.get("range", {}))
    given.setdefault("protectedRangeId", book.new_id())
    sheet.protected.append(given | {"requestingUserCanEdit": True})
    return {"protectedRange": copy.deepcopy(given)}


@request
def delete_protected_range(book: Book, details: dict[str, Any]) -> Reply:
    for sheet in book.worksheets:
        for protection in sheet.protected:
            if protection["protectedRangeId"] == details.get("protectedRangeId"):
                sheet.protected.remove(protection)
                return None
    raise Refused(f"No protected range with id: {details.get('protectedRangeId')}")


@request
def add_named_range(book: Book, details: dict[str, Any]) -> Reply:
    given = copy.deepcopy(details.get("namedRange", {}))
    book.grid(given.get("range", {}))
    if any(named["name"] == given.get("name") for named in book.named_ranges) or not given.get("name"):
        raise Refused(f"A named range with the name {given.get('name')!r} exists already.")
    given.setdefault("namedRangeId", str(book.new_id()))
    book.named_ranges.append(given)
    return {"namedRange": copy.deepcopy(given)}


@request
def delete_named_range(book: Book, details: dict[str, Any]) -> Reply:
    kept = [named for named in book.named_ranges if named["namedRangeId"] != details.get("namedRangeId")]
    if len(kept) == len(book.named_ranges):
        raise Refused(f"No named range with id: {details.get('namedRangeId')}")
    book.named_ranges = kept
    return None


def dimension_of(details: dict[str, Any]) -> str:
    dimension = details.get("dimension", "")
    if dimension not in (ROWS, COLUMNS):
        raise Refused("dimension must be specified.")
    return str(dimension)


def span(book: Book, limits: dict[str, Any], may_end_outside: bool = False) -> tuple[Worksheet, str, int, int]:
    sheet, dimension = book.by_id(limits.get("sheetId", 0)), dimension_of(limits)
    whole = sheet.row_count if dimension == ROWS else sheet.column_count
    start, end = limits.get("startIndex", 0), limits.get("endIndex", whole)
    word = "rows" if dimension == ROWS else "columns"
    if start < 0 or end <= start or start > whole or (end > whole and not may_end_outside):
        raise Refused(f"Cannot use {word} from {start} to {end} of a sheet with {whole}.")
    return sheet, dimension, start, end


def lines_of(book: Book, limits: dict[str, Any]) -> list[Line]:
    sheet, dimension, start, end = span(book, limits)
    return (sheet.rows if dimension == ROWS else sheet.columns)[start:end]


def cells_of(box: Box) -> list[tuple[int, int]]:
    return [(row, column) for row in range(box.top, box.bottom) for column in range(box.left, box.right)]
