"""What a tutor waits for in a real Chromium, on `make demo`: from the click until its effect is painted."""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from config.launch.guarded import Guarded
from config.launch.mode import Mode, State

ROUNDS = 20
START_SECONDS = 240
TILES = ["never_platform", "never_course", "dormant", "active"]
# A click is dated when the system took it in. The first frame that finds the effect is the one before its painting.
WATCH = """selector => { window.painted = new Promise((resolve) => {
  let clicked;
  document.addEventListener("click", (click) => (clicked = click.timeStamp), { capture: true, once: true });
  const look = () => requestAnimationFrame(() => {
    if (!clicked || !document.querySelector(selector)) look();
    else requestAnimationFrame(() => resolve(performance.now() - clicked));
  });
  look();
}); return null; }"""


def measure() -> dict[str, float]:
    """95th percentiles; kibibytes are those of the whole way from the bare address, over the login, to the roster."""
    with _demo() as demo, sync_playwright() as playwright:
        path = os.environ.get("VIGIE_CHROMIUM") or shutil.which("chromium")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with _tutor(chromium, demo) as (page, sizes):
            print(f"  first load: {len(sizes)} answers", file=sys.stderr)
            figures = {"first_load_kib": sum(sizes) / 1024}
            figures["filter_paint_ms"] = _p95("filter", _filtering(page))
            figures["contacted_paint_ms"] = _p95("contacted", _contacting(page))
        chromium.close()
    return figures


@contextmanager
def _demo() -> Iterator[State]:
    """The one that runs from this folder, else one started for the measurement."""
    mode = Mode("demo")
    if state := mode.state():
        yield state
        return
    command = [sys.executable, "-m", "config.launch", "demo", "--follow-parent"]
    log, own = mode.folder / "log" / "bench.log", os.environ.copy()
    for name in ("DATABASE_URL", "REDIS_URL"):  # the demo makes its own
        own.pop(name, None)
    with Guarded("demo", command, log=log, env=own, stop_signals="INT", grace=30) as launcher:
        deadline = time.monotonic() + START_SECONDS
        while launcher.running and time.monotonic() < deadline:
            if state := mode.state():
                yield state
                return
            time.sleep(1)
        raise RuntimeError(f"the demo did not start:\n{launcher.last_lines()}")


@contextmanager
def _tutor(chromium: Browser, demo: State) -> Iterator[tuple[Page, list[float]]]:
    """The roster of a tutor who came by the bare address, with an empty cache; and the bytes on the wire until then."""
    context = chromium.new_context(base_url=demo.url, locale="fr-FR", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    network, sizes = context.new_cdp_session(page), list[float]()
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda loaded: sizes.append(loaded["encodedDataLength"]))
    _role, address, password = next(login.split() for login in demo.logins if login.startswith("tutor "))
    page.goto("/")
    page.fill("#id_login", address)
    page.fill("#id_password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('dashboard:queue')}")
    page.goto(reverse("dashboard:roster"))
    page.wait_for_load_state("networkidle")
    yield page, sizes
    context.close()


def _painted(page: Page, click: Locator, selector: str) -> float:
    """Milliseconds from a click until the frame after its effect, which `selector` finds."""
    page.evaluate(WATCH, selector)
    click.click()
    milliseconds: float = page.evaluate("window.painted")
    page.wait_for_load_state("networkidle")
    return milliseconds


def _filtering(page: Page) -> Iterator[float]:
    """A tile chosen, then let go: fewer rows, and all of them."""
    for number in range(ROUNDS):
        tile = page.locator(f"#tile-{TILES[number // 2 % len(TILES)]}")
        now = "true" if number % 2 == 0 else "false"
        yield _painted(page, tile, f'#{tile.get_attribute("id")}[aria-current="{now}"]')


def _contacting(page: Page) -> Iterator[float]:
    """Until the row says so, before the answer; then waited for and taken back, so that the demo stays as it was."""
    page.goto(f"{reverse('dashboard:roster')}?state=todo")
    for _ in range(ROUNDS // 2):
        page.wait_for_load_state("networkidle")
        button = page.locator('[data-row] [id^="contacted-"]').first
        row = (button.get_attribute("id") or "").removeprefix("contacted-")
        yield _painted(page, button, f"#row-{row} .vg-fu.contacted")
        page.locator("#toasts .vg-toast form").wait_for()
        page.locator("#toasts .vg-toast form button").click()
        expect(page.locator("#toasts .vg-toast form")).to_have_count(0)


def _p95(name: str, times: Iterable[float]) -> float:
    taken = list(times)
    print(f"  {name}: p50 {statistics.median(taken):.0f}, all {[round(t) for t in taken]}", file=sys.stderr)
    return statistics.quantiles(taken, n=20, method="inclusive")[-1]
