"""Journeys: a coordinator issues a report; the verify page accepts its PDF and rejects a changed one."""

import hashlib
import re

from playwright.sync_api import expect

CHECK_BUTTON = re.compile("^Check")
ACCEPT = """
from accounts.models import User
from strategies.models import CityPeriod
from strategies.services import periods
row = CityPeriod.objects.filter(city__slug="riga", state="submitted").earliest("period__starts_on")
periods.accept_period(row, by=User.objects.get(email="coordinator@demo.example"))
print(row.period.name)
"""
BUILD = "from reports.models import Report; from reports.tasks import build_report; "
BUILD += "[build_report(pk) for pk in Report.objects.waiting().values_list('pk', flat=True)]; print('built')"


def newest_pdf(page, site) -> bytes:
    """Download the PDF of the newest report from its page."""
    page.goto(f"{site.url}/reports/")
    page.locator("main a[href^='/reports/EPI-']").first.click()
    link = page.locator("main a[href$='.pdf']").first.get_attribute("href")
    response = page.context.request.get(site.url + link)
    assert response.headers["content-type"] == "application/pdf"
    return response.body()


def test_issued_report_has_pdf(visit, site):
    accepted = site.shell(ACCEPT)  # accepted just now, so that no schedule has issued its report
    page = visit("coordinator", "/reports/issue/")
    page.get_by_role("radio", name="city period report").check()
    page.get_by_role("combobox", name=re.compile("^City")).select_option(label="Riga")
    page.get_by_role("combobox", name=re.compile("^Period")).select_option(label=accepted)
    page.get_by_role("button", name="Issue report").click()

    expect(page.locator("main")).to_contain_text("EPI-")
    assert site.shell(BUILD).endswith("built")  # in place of the worker, which test_worker.py tests
    assert newest_pdf(page, site).startswith(b"%PDF")


def test_verify_page_accepts_pdf_and_rejects_changed_byte(visit, site, tmp_path):
    content = newest_pdf(visit("partner", "/reports/"), site)
    (tmp_path / "as-issued.pdf").write_bytes(content)
    (tmp_path / "changed.pdf").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    page = visit(None, "/verify/")

    messages = {
        "as-issued.pdf": "Yes, the network has issued this file",
        "changed.pdf": "No, the network has not issued this",
    }
    for name, message in messages.items():
        page.locator("input[type=file]").set_input_files(tmp_path / name)
        page.get_by_role("button", name=CHECK_BUTTON).click()
        expect(page.get_by_role("status")).to_contain_text(message)

    page.goto(f"{site.url}/verify/?hash={hashlib.sha256(content).hexdigest()}")
    expect(page.get_by_role("status")).to_contain_text("Checked: only the hash")
