from django.db import migrations, models
from django.db.models import Q

FIELDS = {
    "cancelled_at": models.DateTimeField(blank=True, null=True, verbose_name="cancelled"),
    "cancelled_reason": models.CharField(blank=True, max_length=250, verbose_name="why it is cancelled"),
}


class Migration(migrations.Migration):
    dependencies = [("cities", "0004_location")]

    operations = [
        *(
            migrations.AddField(model, name, field)
            for model in ("event", "historicalevent")
            for name, field in FIELDS.items()
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=Q(cancelled_at=None) | ~Q(cancelled_reason=""), name="cities_event_cancelled_has_reason"
            ),
        ),
    ]
