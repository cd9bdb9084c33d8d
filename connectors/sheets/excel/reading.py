"""Reads a workbook's worksheet as a person sees it."""

from __future__ import annotations

from connectors.sheets.excel.opendocument import read_opendocument
from connectors.sheets.excel.package import Package
from connectors.sheets.excel.scanning import Layout, scan
from connectors.sheets.excel.tabs import Tab, choose
from connectors.sheets.excel.whereto import in_place
from connectors.sheets.excel.workbook import Workbook
from connectors.sheets.excel.worksheet import Worksheet
from connectors.sheets.grid import Grid
from connectors.sheets.loading import load
from connectors.sheets.places import Kind, Place


def read_grid(place: Place) -> Grid:
    """The worksheet at this place. Raises `SheetError`, also where it could not be said afterwards how it went."""
    in_place(place)  # a setting that nobody understands is told before anything is sent
    package = Package(load(place.path), place)
    return read_opendocument(package) if place.kind is Kind.ODS else read_worksheet(Workbook(package))[0]


def read_worksheet(book: Workbook) -> tuple[Worksheet, Tab, Layout]:
    """The worksheet that the workbook's place names, and where its cells are kept."""
    place = book.package.place
    tab, notes = choose(book.tabs, place, book.is_blank)
    sheet = Worksheet(place, notes=notes)
    layout = scan(book, tab.part, sheet)
    return sheet, tab, layout
