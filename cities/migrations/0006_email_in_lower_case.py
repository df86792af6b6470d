"""Addresses of persons are stored in lower case, like those of accounts."""

from django.db import migrations, models
from django.db.models.functions import Lower

import core.fields


def to_lower_case(apps, schema_editor):
    """Lower the stored addresses. Of two persons with one address, the one with an account keeps it."""
    persons = apps.get_model("cities", "Person").objects.using(schema_editor.connection.alias)
    by_address = {}
    for person in persons.exclude(email="").order_by(models.F("user").asc(nulls_last=True), "pk"):
        by_address.setdefault(person.email.strip().lower(), []).append(person)
    for address, (kept, *others) in by_address.items():
        for person in others:
            persons.filter(pk=person.pk).update(email="")
        if kept.email != address:
            persons.filter(pk=kept.pk).update(email=address)
    invitations = apps.get_model("cities", "Invitation").objects.using(schema_editor.connection.alias)
    for invitation in invitations.iterator():
        if invitation.email != invitation.email.strip().lower():
            invitations.filter(pk=invitation.pk).update(email=invitation.email.strip().lower())


class Migration(migrations.Migration):
    dependencies = [("cities", "0005_cancelled_events")]

    operations = [
        migrations.RunPython(to_lower_case, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint("person", "cities_person_email_once"),
        migrations.AlterField(
            "person", "email", core.fields.LowerEmailField(blank=True, max_length=254, verbose_name="e-mail")
        ),
        migrations.AlterField("invitation", "email", core.fields.LowerEmailField(max_length=254, verbose_name="e-mail")),
        migrations.AddConstraint(
            "person",
            models.UniqueConstraint(
                fields=["email"], condition=models.Q(email="", _negated=True), name="cities_person_email_once"
            ),
        ),
        migrations.AddConstraint(
            "person",
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="cities_person_email_lower_case"),
        ),
    ]
