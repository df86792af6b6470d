from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("strategies", "0003_revision_files")]

    operations = [
        migrations.AddConstraint(
            model_name="periodmove",
            constraint=models.CheckConstraint(
                condition=(
                    Q(verb="open", from_state__in=["scheduled"], to_state="open")
                    | Q(verb="submit", from_state__in=["open", "returned"], to_state="submitted")
                    | Q(verb="return", from_state__in=["submitted"], to_state="returned")
                    | Q(verb="accept", from_state__in=["submitted"], to_state="accepted")
                    | Q(verb="publish", from_state__in=["accepted"], to_state="published")
                    | Q(verb="reopen", from_state__in=["accepted", "published", "submitted"], to_state="open")
                ),
                name="strategies_periodmove_follows_transitions",
            ),
        ),
    ]
