"""An official of Linköping cannot reach what Lublin has not submitted: by page, form, admin or file URL."""

import json

SECRET = "Sealed until it is submitted"
CREATE_DRAFTS = """
import json
from cities.models import City, StoredFile
from accounts.models import User
from strategies.models import Action, Evidence
from strategies.services import updates
from core import clock
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from core.snapshots import sha256_hex
by = User.objects.get(email="official.lublin@demo.example")
city = City.objects.get(slug="lublin")
objective = Action.objects.of_city(city).first().objective
today = city.today
action = Action.objects.create(objective=objective, code="9.9.9", title=SECRET, starts_on=today, ends_on=today)
data = updates.UpdateInput(date=city.today, text=SECRET, stage="ongoing", language="en")
update = updates.log_update(action, by=by, data=data)
path = default_storage.save("browser/secret", ContentFile(b"%PDF-1.4"))
sha256 = sha256_hex(b"%PDF-1.4")
stored = StoredFile.objects.create(name=SECRET + ".pdf", content_type="application/pdf", size=8, sha256=sha256,
                                   path=path, uploaded_by=by, state="used")
evidence = Evidence.objects.create(update=update, file=stored, title=SECRET)
print(json.dumps({"action": action.pk, "update": update.pk, "file": str(stored.uuid), "evidence": evidence.pk,
                  "period": update.city_period_id, "objective": objective.pk}))
"""


def test_official_cannot_see_drafts_of_other_city(visit, site):
    created = json.loads(site.shell(CREATE_DRAFTS.replace("SECRET", repr(SECRET))).splitlines()[-1])
    page = visit("official.linkoping", "/my-work/")
    request = page.context.request
    hidden = [
        f"/actions/{created['action']}/",
        f"/actions/{created['action']}/log/",
        f"/actions/{created['action']}/edit/",
        f"/actions/{created['action']}/history/",
        f"/updates/{created['update']}/edit/",
        f"/updates/{created['update']}/history/",
        f"/files/{created['file']}/",
        f"/periods/{created['period']}/",
        f"/periods/{created['period']}/narrative/",
        "/admin/",
        f"/admin/cities/event/?q={SECRET}",
        f"/admin/strategies/cityperiod/{created['period']}/change/",
    ]
    token = page.context.cookies()
    csrf = next((cookie["value"] for cookie in token if cookie["name"] == "csrftoken"), "")

    for path in hidden:
        assert request.get(site.url + path).status == 404, path
    for path in (hidden[1], hidden[2], hidden[4], f"/updates/{created['update']}/withdraw/"):
        headers = {"X-CSRFToken": csrf, "Referer": site.url + path}
        assert request.post(site.url + path, form={"text": "x"}, headers=headers).status == 404, path
    visible = ["/cities/", "/cities/lublin/", "/strategies/lublin/", "/strategies/lublin/actions/", "/dashboards/"]
    visible += ["/dashboards/lublin/", "/dashboards/actions/", "/periods/", "/strategies/lublin/actions/?sort=health"]
    visible += [
        "/strategies/lublin/actions/?q=Sealed",
        "/strategies/lublin/actions/?export=csv",
        "/account/my-data.json",
    ]
    for path in visible:
        response = request.get(site.url + path)
        assert response.status in {200, 404}, path
        assert SECRET not in response.text(), path
