"""Finds recipes and loads them, so that whatever is wrong with one shows before the first row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from connectors.signing.model import PlacedField
from recipes.document.roles import check_anchors, check_markdown
from recipes.errors import DocumentError, RecipeError, RowProblem
from recipes.language import ROW, LanguageError, check
from recipes.model import CAMPAIGN_WORDS, Recipe, RecipeWords
from recipes.values import read
from recipes.yamlfile import YamlFile

FILE = "recipe.yaml"
BUILT_IN = Path(__file__).parent


def load(name_or_path: str | Path) -> Recipe:
    """The recipe of this name, or the one in this folder (its `recipe.yaml` will do as well).

    A name is looked for in the folder `ESIGN_RECIPES` first, so that one's own `nda` goes before ours. Raises
    `RecipeError` with file and line.
    """
    folder = _find(name_or_path)
    file = YamlFile(folder / FILE)
    try:
        words = RecipeWords.model_validate_json(file.text)
    except ValidationError as error:
        raise _explained(file, error) from None
    pdf = _pdf(words, file)
    markdown = _markdown(words, file) if pdf is None else None
    _check_columns(words, file)
    others = _check_templates(words, file)
    placed = _placed(words, pdf, file) if pdf is not None else ()
    if markdown is not None:
        others |= _check_document(words, markdown, folder)
    said = {name: getattr(words, name) for name in words.model_fields_set}
    said["campaign"] = words.campaign or words.id
    said |= {"markdown": markdown, "pdf": pdf, "placed": placed, "others": tuple(sorted(others))}
    return Recipe(**said, name=folder.name, folder=folder)


def available() -> list[Recipe]:
    """All recipes there are, by name. Raises `RecipeError` for the first that cannot be loaded."""
    return [load(folder) for _, folder in sorted(folders().items())]


def folders() -> dict[str, Path]:
    """Where each recipe lies, by name, whether it can be loaded or not."""
    found: dict[str, Path] = {}
    for place in _places():
        for file in sorted(place.glob(f"*/{FILE}")):
            found.setdefault(file.parent.name, file.parent)
    return found


def _places() -> Iterator[Path]:
    own = os.environ.get("ESIGN_RECIPES", "").strip()
    if own:
        place = Path(own).expanduser().resolve()
        if not place.is_dir():
            raise RecipeError(f"ESIGN_RECIPES names {place}, which is no folder: correct it or take it out.")
        yield place
    yield BUILT_IN


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    known = folders()
    if text in known:
        return known[text]
    path = Path(text).expanduser()
    if path.name == FILE:
        path = path.parent
    if path.is_dir():
        return path.resolve()
    alike = get_close_matches(text, known, n=1)
    hint = f"did you mean {alike[0]}" if alike else f"there are {', '.join(sorted(known))}"
    raise RecipeError(f"There is no recipe {text!r}: {hint}, or give the path of a folder with a {FILE}.")


def _explained(file: YamlFile, error: ValidationError) -> RecipeError:
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    first, place = errors[0], errors[0]["loc"]
    if not place:  # what the model says about several settings together names the place itself
        place = tuple(first["msg"].removeprefix("Value error, ").partition(":")[0].split("."))
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        said = "is missing: add it"
    elif first["type"] == "extra_forbidden":
        alike = get_close_matches(str(place[-1]), RecipeWords.model_fields, n=1) if len(place) == 1 else []
        said = f"is no setting: did you mean {alike[0]}" if alike else "is no setting: correct its name or take it out"
    else:
        said = first["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
    more = f" ({len(errors) - 1} more below it)" if len(errors) > 1 else ""
    return file.problem(f"{where}: {said}{more}" if where else f"{said}{more}", file.line(place))


def _pdf(words: RecipeWords, file: YamlFile) -> bytes | None:
    if words.document is None or not words.document.casefold().endswith(".pdf"):
        return None
    try:
        return (file.path.parent / words.document).read_bytes()
    except OSError:
        said = f"document: {words.document} cannot be read beside {FILE}: put it there"
        raise file.problem(said, file.line(["document"])) from None


def _markdown(words: RecipeWords, file: YamlFile) -> str | None:
    if words.document is None:
        return None
    try:
        return (file.path.parent / words.document).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        said = f"document: {words.document} cannot be read beside {FILE}: put it there, saved as UTF-8"
        raise file.problem(said, file.line(["document"])) from None


def _placed(words: RecipeWords, pdf: bytes, file: YamlFile) -> tuple[PlacedField, ...]:
    """The fields a PDF's anchors ask for, once they are known to be the signers'."""
    # Only here, since they take their time to import, and most documents are Markdown.
    from recipes.document.editing import editable
    from recipes.document.finding import fields, letters_of
    from recipes.document.letters import pages

    where = f"document: {words.document}"
    try:
        read = pages(pdf)
        editable(pdf)
        for number, page in enumerate(read, 1):
            where = f"document: {words.document}, page {number},"
            check_anchors(letters_of(page), _roles(words))
        return tuple(fields(read))
    except DocumentError as error:
        raise file.problem(f"{where} {error}", file.line(["document"])) from None


def _check_columns(words: RecipeWords, file: YamlFile) -> None:
    """Examples and defaults have to be what their column says it holds."""
    for name, column in words.columns.items():
        for setting in ("example", "default"):
            cell = getattr(column, setting)
            if cell is None or (setting == "example" and not cell and not column.required):
                continue
            try:
                read(setting, column, cell)
            except RowProblem as problem:
                place = ["columns", name, setting]
                raise file.problem(f"columns.{name}.{str(problem).rstrip('.')}", file.line(place)) from None


def _check_templates(words: RecipeWords, file: YamlFile) -> frozenset[str]:
    """Which columns they ask for that are not declared."""
    others: frozenset[str] = frozenset()
    for place, text in _templates(words):
        try:
            others |= check(text, CAMPAIGN_WORDS if place == ["campaign"] else {*words.columns, ROW})
        except LanguageError as error:
            raise file.problem(f"{'.'.join(map(str, place))}: {error}", file.line(place)) from None
    return others


def _templates(words: RecipeWords) -> Iterator[tuple[list[str | int], str]]:
    for name in ("campaign", "title", "message", "reply_to", "archive"):
        if text := getattr(words, name):
            yield [name], text
    for name, text in words.fields.items():
        yield ["fields", name], text
    for at, signer in enumerate(words.signers):
        for name in ("name", "email", "mobile", "company"):
            if text := getattr(signer, name):
                yield ["signers", at, name], text


def _check_document(words: RecipeWords, markdown: str, folder: Path) -> frozenset[str]:
    """Which columns it asks for that are not declared."""
    try:
        others = check(markdown, {*words.columns, ROW})
    except LanguageError as error:
        raise RecipeError(f"{folder / (words.document or '')}, line {error.line}: {error}.") from None
    for line, problem in check_markdown(markdown, _roles(words)):
        raise RecipeError(f"{folder / (words.document or '')}, line {line}: {problem}.")
    return others


def _roles(words: RecipeWords) -> list[str]:
    return [signer.role for signer in words.signers]
