"""Forms are read as a browser reads them, and filled with exactly what was posted."""

from core.html_forms import Page

HTML = """
<form method="get"><input name="q"></form>
<form method="post" id="f" action="/save/">
  <input type="hidden" name="version" value="3"><input type="hidden" name="shown" value="7" data-not-restored>
  <label for="t">Title &amp; more</label><input type="text" name="title" id="t" value="A &quot;b&quot;">
  <input name="old" value="x" disabled>
  <fieldset><legend>Colours</legend>
    <input type="checkbox" name="c" value="r" id="c1" checked><label for="c1">Red</label>
    <input type="checkbox" name="c" value="g" id="c2"><label for="c2">Green</label>
  </fieldset>
  <label for="k">Kind</label><select name="kind" id="k"><option value="a" selected>One</option>
    <option>Two</option></select>
  <details><summary>More</summary><textarea name="text" id="x">
Old &lt;b&gt;</textarea></details>
  <input type="password" name="secret" value="p"><input type="file" name="file">
  <button type="submit" name="go" value="1" formaction="/other/">Go</button>
</form>
<input name="outside" value="o" form="f">
"""
VALUES = {
    "version": ["3"],
    "shown": ["7"],
    "title": ['A "b"'],
    "c": ["r"],
    "kind": ["a"],
    "text": ["Old <b>"],
    "secret": ["p"],
    "outside": ["o"],
}


def test_values_are_those_of_a_browser():
    (form,) = Page(HTML).post_forms()

    assert form.values() == VALUES
    assert form.paths("/page/") == {"/save/", "/other/"}


def test_labels_and_choices_are_shown_as_people_read_them():
    (form,) = Page(HTML).post_forms()

    assert [form.label(name) for name in ("title", "c", "kind", "nothing")] == ["Title & more", "Colours", "Kind", ""]
    assert [form.shown("c", ["r", "g"]), form.shown("kind", ["Two"]), form.shown("title", ["x", ""])] == [
        "Red, Green",
        "Two",
        "x",
    ]
    assert (form.is_typed("title"), form.is_typed("version")) == (True, False)


def test_filled_form_posts_what_was_posted():
    page = Page(HTML)
    (form,) = page.post_forms()
    typed = {
        "version": ["2"],
        "title": ['<">'],
        "c": ["g"],
        "kind": ["Two"],
        "text": ["\n</textarea>"],
        "outside": ["n"],
    }

    left = page.fill(form, typed | {"shown": ["1"], "go": ["1"]})

    (again,) = Page(page.html()).post_forms()
    assert left == {}
    assert again.values() == typed | {"shown": ["7"], "secret": ["p"]}
    assert "<details open>" in page.html()


def test_values_without_a_field_or_choice_are_returned():
    page = Page(HTML)
    (form,) = page.post_forms()

    left = page.fill(form, {"kind": ["gone"], "c": ["r", "blue"], "new": ["typed", " "]})

    assert left == {"kind": ["gone"], "c": ["blue"], "new": ["typed"]}


def test_unfilled_page_is_unchanged():
    page = Page(HTML)

    assert page.html() == HTML
    page.set_hidden(page.post_forms()[0], "version", "4")
    page.set_hidden(page.post_forms()[0], "extra", "5")
    (form,) = Page(page.html()).post_forms()
    assert (form.values()["version"], form.values()["extra"]) == (["4"], ["5"])


def test_form_is_found_by_its_fields_and_address():
    html = '<form method="post"><input name="a"></form><form method="post" action="/b/"><input name="b"></form>'

    def found(path, *names):
        form = Page(html).find(page="/a/", path=path, names=set(names))
        return form and sorted(form.names)

    assert found("/a/", "b") == ["b"]
    assert found("/b/") == ["b"]
    assert found("/a/", "a") == ["a"]
    assert found("/c/", "c") is None
