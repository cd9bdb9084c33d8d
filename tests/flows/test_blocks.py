"""What an operator saves in Prefect, by Prefect's own tests for blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite

import blocks
from blocks import ESignaturesCredentials
from blocks.accounts import AccountNotFound, account_settings
from blocks.archive import ArchiveNotFound, archive_of
from connectors.signing.esignatures import ESignatures
from connectors.signing.registry import PROVIDERS
from ledger.settings import Settings, read_settings

OTHERS = [
    pytest.param(one, marks=pytest.mark.providers) for one in blocks.__all__ if one != ESignaturesCredentials.__name__
]


@pytest.mark.parametrize("name", [ESignaturesCredentials.__name__, *OTHERS])
class TestCredentials(BlockStandardTestSuite):
    """Every provider's block."""

    @pytest.fixture
    def block(self, name: str) -> type[Block]:
        found: type[Block] = getattr(blocks, name)
        return found

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        pytest.skip("No logo: it would be fetched from somebody else's server.")


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_has_a_block_with_its_settings(name: str) -> None:
    slugs = {getattr(blocks, one).get_block_type_slug(): getattr(blocks, one) for one in blocks.__all__}
    assert issubclass(slugs[f"esign-{name}"], PROVIDERS[name].settings_class)


def test_the_block_is_named_after_its_provider_and_keeps_its_secrets() -> None:
    block = ESignaturesCredentials(api_token="made-up-token", webhook_secrets=("made-up-secret",))  # type: ignore[arg-type]
    assert ESignaturesCredentials.get_block_type_slug() == "esign-esignatures"
    assert "made-up" not in repr(block) and isinstance(block.get_client(), ESignatures)


async def test_an_account_in_the_environment_needs_no_prefect() -> None:
    env = {"ESIGN_SANDBOX_URL": "http://127.0.0.1:1", "ESIGN_SANDBOX_TOKEN": "made-up-token"}
    assert (await account_settings("esignatures", "sandbox", env)).base_url == "http://127.0.0.1:1/esignatures/api"


async def test_an_account_comes_from_its_block(on_prefect: dict[str, str]) -> None:
    block = ESignaturesCredentials(api_token="made-up-token", mode="live", webhook_secrets=("made-up-secret",))  # type: ignore[arg-type]
    await block.asave("office", overwrite=True)  # type: ignore[attr-defined]
    found = await account_settings("esignatures", "office", {})
    assert isinstance(found, ESignaturesCredentials) and found.mode == "live"
    assert found.api_token.get_secret_value() == "made-up-token"
    assert [secret.get_secret_value() for secret in found.webhook_secrets] == ["made-up-secret"]
    with pytest.raises(AccountNotFound, match="esign-esignatures/nobody"):
        await account_settings("esignatures", "nobody", {})


async def test_the_archive_may_be_a_block(on_prefect: dict[str, str], tmp_path: Path) -> None:
    from prefect.filesystems import LocalFileSystem

    await LocalFileSystem(basepath=str(tmp_path / "signed")).asave("signed", overwrite=True)  # type: ignore[attr-defined]
    archive = await archive_of(placed("local-file-system/signed", tmp_path))
    await archive.write("a.pdf", b"%PDF")
    assert (tmp_path / "signed" / "a.pdf").read_bytes() == await archive.read("a.pdf") == b"%PDF"
    with pytest.raises(ArchiveNotFound, match="not saved"):
        await archive_of(placed("local-file-system/elsewhere", tmp_path))


async def test_the_archive_may_be_a_folder_and_never_a_relative_one(tmp_path: Path) -> None:
    archive = await archive_of(placed(str(tmp_path / "x" / "y"), tmp_path))
    await archive.write("a.pdf", b"%PDF")
    assert (tmp_path / "x" / "y" / "a.pdf").exists()
    with pytest.raises(ValueError, match="outside"):
        await archive.write("../b.pdf", b"%PDF")
    with pytest.raises(ArchiveNotFound, match="absolute"):
        await archive_of(read_settings({"ESIGN_HOME": str(tmp_path)}).model_copy(update={"archive": "signed"}))


def placed(archive: str, home: Path) -> Settings:
    return read_settings({"ESIGN_HOME": str(home), "ESIGN_ARCHIVE": archive})
