"""Helpers of the browser tests: keyboard focus, a photo to upload, elements wider than the screen."""

from pathlib import Path

from PIL import Image

FOCUSED = "() => { const e = document.activeElement; return e ? (e.id || e.innerText || e.name || '').trim() : '' }"
TOO_WIDE = """() => {
  const page = document.scrollingElement;
  if (page.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest('.epi-scroll, .results, .visually-hidden')).slice(0, 5).map(e => e.outerHTML.slice(0, 120));
}"""

# A column in which a text stands letter below letter, as a title does in the column of a mark.
TOO_NARROW = """() => [...document.querySelectorAll('main *')].filter(e => {
  const own = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join(' ');
  const box = e.getBoundingClientRect(), line = parseFloat(getComputedStyle(e).fontSize);
  return own.length > 12 && box.width > 1 && box.width < 3 * line && box.height > 6 * line
    && !e.closest('svg, .visually-hidden');
}).slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""

# Every text of the page that a person may have typed; labels, states, buttons, days and numbers are the site's own.
FILL_WITH_LONG_WORDS = """() => {
  const ours = '.epi-state, .epi-btn, .epi-save-cancel, .epi-filter-buttons, .epi-num, .epi-nowrap, .breadcrumbs,'
    + '.epi-needed, button, time, option, svg, script, noscript, dt, legend, caption, th[scope=col]';
  for (const root of document.querySelectorAll('main, .epi-crumbs')) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) found.push(texts.currentNode);
    for (const text of found)
      if (text.data.trim().length > 3 && !text.parentElement.closest(ours)) text.data = 'Long'.repeat(20) + ' word';
  }
}"""


def save_photo(folder: Path, name: str = "café.jpg") -> Path:
    """Save a photo with a GPS position, as a phone takes it, and return its path."""
    picture, exif = Image.new("RGB", (640, 480), "teal"), Image.Exif()
    exif[0x8825] = {1: "N", 2: (58.0, 24.0, 36.0), 3: "E", 4: (15.0, 37.0, 12.0)}  # GPS
    picture.save(folder / name, exif=exif)
    return folder / name


def tab_to(page, target, limit: int = 150) -> None:
    """Press Tab until ``target`` has the focus; fail if it never gets it."""
    for _ in range(limit):
        if target.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Never reached by Tab; the focus is on {page.evaluate(FOCUSED)!r}")


def elements_too_wide(page) -> list[str]:
    """Return the elements that extend beyond the right edge of the screen."""
    return page.evaluate(TOO_WIDE)


def texts_too_narrow(page) -> list[str]:
    """Return the elements whose text is broken into single letters because their column is too narrow."""
    return page.evaluate(TOO_NARROW)


def submit(button) -> None:
    """Click the button of a form and wait for the page that answers, so that what was sent is stored."""
    with button.page.expect_navigation():
        button.click()
