"""A person's way through the signing pages, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.running import Sandbox, signer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
Look = Callable[[str], None]


def find(browser: Chrome, css: str) -> WebElement:
    element = browser.find_element(By.CSS_SELECTOR, css)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    return element


def heading(browser: Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


def wait_for_heading(browser: Chrome, text: str) -> None:
    patience = WebDriverWait(browser, 15, ignored_exceptions=[StaleElementReferenceException])
    patience.until(lambda _: heading(browser) == text)


def fill_in(browser: Chrome) -> None:
    find(browser, "[name='field[flat]']").send_keys("12 b")
    Select(find(browser, "[name='field[bicycle]']")).select_by_visible_text("Cellar")
    find(browser, "[name='field[keys]']").click()


def draw(browser: Chrome) -> None:
    """With the mouse, or with a finger where the screen can be touched."""
    touched = browser.execute_script("return navigator.maxTouchPoints > 0")
    pointer = PointerInput("touch" if touched else "mouse", "hand")
    pad = find(browser, "#pad")
    hand = (
        ActionChains(browser, duration=10, devices=[pointer])
        .move_to_element_with_offset(pad, -110, 10)
        .click_and_hold()
    )
    for x, y in [(18, -60), (12, 70), (16, -50), (14, 40), (30, -25), (24, 25), (22, -20), (30, 10), (40, -30)]:
        hand.move_by_offset(x, y)
    hand.release().perform()


def no_complaints(browser: Chrome) -> None:
    """The browser found nothing wrong: no broken security policy, no script error, no sideways scrolling."""
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_a_person_signs_by_typing_and_the_next_one_by_drawing(sandbox: Sandbox, browser: Chrome, look: Look) -> None:
    first, second = sandbox.send(signer(1), signer(2))
    browser.get(second)
    assert heading(browser) == "It is not your turn yet"
    look("too-early")

    browser.get(first)
    look("sign")
    no_complaints(browser)
    fill_in(browser)
    find(browser, "#signature-text").send_keys("Signer One")
    find(browser, "[name=consent]").click()
    look("typed")
    find(browser, "#sign-button").click()
    wait_for_heading(browser, "Thank you, you have signed")
    look("signed")

    browser.get(second)
    fill_in(browser)
    find(browser, "[name=signature_kind][value=drawn]").click()
    draw(browser)
    find(browser, "[name=consent]").click()
    look("drawn")
    no_complaints(browser)
    find(browser, "#sign-button").click()
    wait_for_heading(browser, "Thank you, you have signed")
    assert "Everybody has signed" in browser.find_element(By.TAG_NAME, "main").text
    look("all-signed")


def test_a_person_declines_with_a_reason_after_being_asked_twice(sandbox: Sandbox, browser: Chrome, look: Look) -> None:
    (link,) = sandbox.send(signer(1))
    browser.get(link)
    find(browser, ".decline summary").click()
    find(browser, "#reason").send_keys("The fee for the yard is not what we agreed.")
    find(browser, ".decline button").click()
    assert heading(browser) == "Please read and sign"  # the browser asks for the second yes
    find(browser, "[name=sure]").click()
    look("decline")
    find(browser, ".decline button").click()
    wait_for_heading(browser, "You have declined")
    look("declined")
    assert [one["state"] for contract in sandbox.contracts() for one in contract["signers"]] == ["declined"]


def test_a_drawing_left_out_is_asked_for_before_anything_is_sent(sandbox: Sandbox, browser: Chrome) -> None:
    (link,) = sandbox.send(signer(1))
    browser.get(link)
    fill_in(browser)
    find(browser, "[name=consent]").click()
    find(browser, "[name=signature_kind][value=drawn]").click()
    draw(browser)
    find(browser, "#clear").click()
    find(browser, "#sign-button").click()
    assert find(browser, "#draw-problem").is_displayed()
    assert find(browser, "#sign-button").is_enabled()


def test_what_was_drawn_and_filled_in_is_still_there_when_the_page_comes_back(
    sandbox: Sandbox, browser: Chrome, look: Look
) -> None:
    (link,) = sandbox.send(signer(1))
    browser.get(link)
    fill_in(browser)
    find(browser, "[name=consent]").click()
    find(browser, "[name=signature_kind][value=drawn]").click()
    draw(browser)
    browser.execute_script("document.querySelector('[name=form]').value = 'from before a restart'")
    find(browser, "#sign-button").click()
    WebDriverWait(browser, 15).until(lambda _: browser.find_elements(By.ID, "problem"))
    look("again")
    assert find(browser, "[name='field[flat]']").get_attribute("value") == "12 b"
    assert find(browser, "#pad").is_displayed()
    find(browser, "#sign-button").click()
    wait_for_heading(browser, "Thank you, you have signed")


def test_everything_can_be_done_with_the_keyboard_alone(sandbox: Sandbox, browser: Chrome) -> None:
    (link,) = sandbox.send(signer(1))
    browser.get(link)
    find(browser, "[name='field[flat]']").send_keys("12 b")
    find(browser, "[name='field[keys]']").send_keys(Keys.SPACE)
    find(browser, "#signature-text").send_keys("Signer One", Keys.TAB, Keys.SPACE, Keys.TAB, Keys.ENTER)
    wait_for_heading(browser, "Thank you, you have signed")


def test_after_signing_the_browser_goes_where_the_sender_wants(sandbox: Sandbox, browser: Chrome) -> None:
    onward = sandbox.url.replace("127.0.0.1", "localhost") + "/mailbox?from=signing"
    (link,) = sandbox.send(signer(1) | {"redirect_url": onward})
    browser.get(link)
    fill_in(browser)
    find(browser, "#signature-text").send_keys("Signer One")
    find(browser, "[name=consent]").click()
    find(browser, "#sign-button").click()
    WebDriverWait(browser, 15).until(lambda _: browser.current_url == onward)


def test_the_mailbox_leads_to_the_signing_page(sandbox: Sandbox, browser: Chrome, look: Look) -> None:
    browser.get(f"{sandbox.url}/mailbox")
    assert "There is no mail yet" in browser.find_element(By.TAG_NAME, "main").text
    look("mailbox-empty")
    sandbox.send(signer(1) | {"signing_order": "1"}, signer(2) | {"signing_order": "1"})
    browser.refresh()
    look("mailbox")
    no_complaints(browser)
    browser.find_element(By.CSS_SELECTOR, ".mails a").click()
    look("mail")
    find(browser, "a.main").click()
    wait_for_heading(browser, "Please read and sign")


def test_the_dark_theme_is_readable_too(sandbox: Sandbox, browser: Chrome, look: Look) -> None:
    (link,) = sandbox.send(signer(1))
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    browser.get(link)
    find(browser, ".decline summary").click()
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(20, 23, 27)"
    look("dark")


def test_a_wide_table_and_a_long_word_do_not_widen_the_smallest_phone(sandbox: Sandbox, browser: Chrome) -> None:
    head = "| " + " | ".join(f"Column {n}" for n in range(12)) + " |"
    markdown = f"# {'Donaudampfschifffahrt' * 6}\n\n{head}\n|{'---|' * 12}\n{head}\n\n{'x' * 300}"
    (link,) = sandbox.send(signer(1) | {"name": "Signer" + "One" * 30}, markdown=markdown, title="Title" * 30)
    small = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", small)
    browser.get(link)
    no_complaints(browser)
    browser.get(f"{sandbox.url}/mailbox")
    no_complaints(browser)


@pytest.mark.parametrize("size", ["desktop"], indirect=True)  # chromedriver's taps need scripts
def test_without_javascript_one_signs_by_typing(sandbox: Sandbox, browser: Chrome) -> None:
    (link,) = sandbox.send(signer(1))
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(link)
    assert not browser.find_element(By.ID, "kinds").is_displayed()
    fill_in(browser)
    find(browser, "#signature-text").send_keys("Signer One")
    find(browser, "[name=consent]").click()
    find(browser, "#sign-button").click()
    wait_for_heading(browser, "Thank you, you have signed")
