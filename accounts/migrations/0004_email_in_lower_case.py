"""Addresses are stored in lower case: an exact match uses the index, which a match that ignores case does not."""

from django.db import migrations, models
from django.db.models.functions import Lower

import core.fields


def to_lower_case(apps, schema_editor):
    """Lower the stored addresses. Two accounts may differ in the case of other than ASCII characters on SQLite.

    Then the account that signed in last keeps the address; the other one is closed and gets one that nobody has.
    """
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    by_address = {}
    for user in users.order_by(models.F("last_login").desc(nulls_last=True), "pk"):
        by_address.setdefault(user.email.strip().lower(), []).append(user)
    for address, (kept, *others) in by_address.items():
        for user in others:
            users.filter(pk=user.pk).update(email=f"duplicate-{user.pk}-{address}", is_active=False)
        if kept.email != address:
            users.filter(pk=kept.pk).update(email=address)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_urgent_emails")]

    operations = [
        migrations.RunPython(to_lower_case, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint("user", "accounts_user_email_once"),
        migrations.AlterField("user", "email", core.fields.LowerEmailField(max_length=254, unique=True, verbose_name="e-mail")),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="accounts_user_email_lower_case"),
        ),
    ]
