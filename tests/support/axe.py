"""axe-core in a real browser: what of a page people with a screen reader, a keyboard or weak eyes could not use.

The rules come from the package ``axe-playwright-python``, of which only its ``axe.min.js`` is used; the browser is that
of `chromium`. A test that uses it has the marker ``browser``.
"""

from importlib.util import find_spec
from pathlib import Path

from chromium import Chromium

SCREENS = {"phone": 390, "desktop": 1280}
"""Name of a screen -> its width in CSS pixels."""

SCHEMES = ("light", "dark")


def axe_source() -> str:
    """The JavaScript of axe-core, as it was published."""
    package = find_spec("axe_playwright_python")
    assert package is not None, "axe-core is missing; run: pip install axe-playwright-python"
    return Path(str(package.origin)).with_name("axe.min.js").read_text(encoding="utf-8")


def show(browser: Chromium, page: Path, *, screen: str = "desktop", scheme: str = "light") -> None:
    """Opens a page on a screen of `SCREENS`, in a scheme of `SCHEMES`, without animations."""
    media = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    browser.call("Emulation.setEmulatedMedia", features=[{"name": name, "value": text} for name, text in media.items()])
    width = SCREENS[screen]
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=screen == "phone"
    )
    browser.open(page.as_uri())


def violations(browser: Chromium) -> list[str]:
    """What axe finds on the page that is open, a sentence for each element; every ``<details>`` is opened first.

    All rules are run, the best practices among them.
    """
    browser.evaluate("document.querySelectorAll('details').forEach((element) => { element.open = true; })")
    # Through the DevTools protocol the script is no part of the page, so its content security policy does not stop it.
    browser.evaluate(f"{axe_source()}; true")
    found = browser.evaluate("axe.run(document, {resultTypes: ['violations']}).then((done) => done.violations)")
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for rule in found
        for node in rule["nodes"]
    ]
