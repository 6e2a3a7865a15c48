"""The built site (`make docs-test`): links hold, and the search works with nothing but the machine.

Without ``ASTROPILE_SITE``, the folder of the built pages, nothing here runs; without Chromium its
part does not, and the reason says so.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

#: No service of the browser itself may call home, and no name can be looked up.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1300,900",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
)  # fmt: skip
LOCAL = ("file:", "data:", "blob:", "about:", "chrome:")


@pytest.fixture(scope="module")
def built(repo_root: Path) -> Path:
    """Folder of the built site."""
    named = os.environ.get("ASTROPILE_SITE")
    if not named:
        pytest.skip("the built site was NOT TESTED: run `make docs-test`")
    folder = (repo_root / named).resolve()
    assert (folder / "index.html").is_file(), f"no site in {folder}"
    return folder


@pytest.fixture(scope="module")
def contents(built: Path, parse_html: Callable[[str], Any]) -> Mapping[Path, Any]:
    """What every built page holds."""
    pages = built.rglob("*.html")
    own = [path for path in pages if "_static" not in path.relative_to(built).parts]
    found = {}
    for path in own:
        # Only generated HTML is known to close its elements; the theme's need not.
        reader = type(parse_html(""))()
        reader.handle_endtag = lambda tag: None
        reader.feed(path.read_text(encoding="utf-8"))
        found[path] = reader
    return found


def test_pages_when_opened_then_load_nothing_from_elsewhere(contents: Mapping[Path, Any]) -> None:
    assert contents
    foreign = {
        (path.name, load)
        for path, page in contents.items()
        for load in page.loads
        if urlsplit(load).scheme or load.startswith("//")
    }
    assert not foreign


def test_links_when_followed_then_lead_to_a_file_and_its_anchor(
    built: Path, contents: Mapping[Path, Any]
) -> None:
    ids = {path: set(page.ids) for path, page in contents.items()}
    broken = []
    for path, page in contents.items():
        for link in set(page.links):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            lost = target not in ids and not target.is_file()
            anchor = unquote(parts.fragment)
            if lost or (anchor and target in ids and anchor not in ids[target]):
                broken.append(f"{path.relative_to(built)}: {link}")
    assert not broken, broken[:20]


def test_searches_when_counted_then_survey_pages_are_found_by_their_columns(built: Path) -> None:
    """The keywords of a page reach the search of Sphinx, which does not read the tables."""
    index = (built / "searchindex.js").read_text(encoding="utf-8")
    assert "i_cmodel_mag" in index


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Headless Chromium with a fresh profile, which keeps a log of its requests."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium or chromedriver is absent: the search was NOT TESTED in a browser")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium: NOT TESTED")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    opened = webdriver.Chrome(options=options, service=service)
    try:
        opened.set_page_load_timeout(60)
        opened.get("about:blank")
        left_the_machine(opened)  # the browser's own first page is not ours
        yield opened
    finally:
        opened.quit()


def left_the_machine(browser: Any) -> list[str]:
    """Return the addresses elsewhere that the pages have asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and not message["params"]["request"]["url"].startswith(LOCAL)
    ]


def errors(browser: Any) -> list[str]:
    """Return what the pages complained about."""
    return [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def wait(browser: Any, script: str, seconds: float = 20) -> Any:
    """Wait until a script returns something true, and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = browser.execute_script(f"return {script}")
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"after {seconds} s, not true: {script}")


def names(browser: Any) -> list[str]:
    """Return the names in the results."""
    script = "return [...document.querySelectorAll('#results .ap-name')].map(e => e.textContent)"
    found: list[str] = browser.execute_script(script)
    return found


def test_search_when_typed_from_disk_then_finds_columns_and_opens_one(
    built: Path, browser: Any
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.get((built / "index.html").as_uri())
    browser.find_element(By.ID, "home-query").send_keys("cmodel", Keys.ENTER)
    wait(browser, "document.querySelectorAll('#results a').length")
    assert "columns.html?find=cmodel" in browser.current_url
    assert all("cmodel" in name for name in names(browser)[:5])  # names before descriptions
    query = browser.find_element(By.ID, "query")
    query.send_keys(" dered")
    wait(browser, "document.querySelector('#results .ap-name').textContent.endsWith('_dered')")
    assert all(name.endswith("_dered") for name in names(browser))
    assert " of " in browser.find_element(By.ID, "status").text
    query.send_keys(Keys.ARROW_DOWN)
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    href = str(browser.switch_to.active_element.get_attribute("href"))
    assert href.endswith("surveys/hsc.html#column-r_cmodel_mag_dered")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait(
        browser, "location.hash == '#column-r_cmodel_mag_dered' && document.readyState != 'loading'"
    )
    row = "document.getElementById('column-r_cmodel_mag_dered').getBoundingClientRect()"
    wait(browser, f"{row}.top > 0 && {row}.top < innerHeight")
    assert left_the_machine(browser) == []
    assert not errors(browser)


def test_search_when_filtered_then_only_these_and_escape_clears(built: Path, browser: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    browser.get((built / "columns.html").as_uri() + "?survey=desi")
    wait(browser, "document.querySelectorAll('#results a').length")
    assert "ZWARN" in names(browser)
    Select(browser.find_element(By.ID, "modality")).select_by_value("spectrum")
    every = "[...document.querySelectorAll('#results .ap-name')].every"
    wait(browser, f"{every}(e => e.textContent.startsWith('spectrum.'))")
    Select(browser.find_element(By.ID, "unit")).select_by_value("Angstrom")
    wait(browser, "document.querySelectorAll('#results a').length == 1")
    query = browser.find_element(By.ID, "query")
    query.send_keys("nothing-has-this")
    wait(browser, "document.querySelectorAll('#results a').length == 0")
    assert browser.find_element(By.ID, "status").text.startswith("0 of")
    query.send_keys(Keys.ESCAPE)
    wait(browser, "document.querySelectorAll('#results a').length == 1")
    assert query.get_attribute("value") == ""
    assert not errors(browser)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1300])
def test_pages_when_opened_then_nothing_is_asked_for_and_nothing_sticks_out(
    built: Path, browser: Any, width: int, scheme: str
) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 800}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    pages = ("index", "columns", "surveys/hsc", "surveys/gaia", "quantities/mag", "filters/index",
             "ambiguous-names", "api/astropile.load", "language-keys")  # fmt: skip
    for page in pages:
        browser.get((built / f"{page}.html").as_uri())
        wait(browser, "document.readyState == 'complete'")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width, f"{page} is {wide} wide"
    assert left_the_machine(browser) == []
    assert not errors(browser)
