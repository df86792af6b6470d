import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0004_location'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='city',
            name='municipality',
            field=models.OneToOneField(error_messages={'unique': 'This organisation is the municipality of another city. Choose another.'}, on_delete=django.db.models.deletion.PROTECT, related_name='governs', to='cities.organisation'),
        ),
        migrations.AlterField(
            model_name='city',
            name='slug',
            field=models.SlugField(error_messages={'unique': 'Another city has this short name. Choose another.'}, unique=True),
        ),
        migrations.AlterField(
            model_name='historicalcity',
            name='municipality',
            field=models.ForeignKey(blank=True, db_constraint=False, error_messages={'unique': 'This organisation is the municipality of another city. Choose another.'}, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='cities.organisation'),
        ),
        migrations.AlterField(
            model_name='historicalcity',
            name='slug',
            field=models.SlugField(error_messages={'unique': 'Another city has this short name. Choose another.'}),
        ),
        migrations.AlterField(
            model_name='targetgroup',
            name='code',
            field=models.SlugField(error_messages={'unique': 'Another target group has this code. Choose another code.'}, unique=True),
        ),
        migrations.AlterField(
            model_name='theme',
            name='code',
            field=models.SlugField(error_messages={'unique': 'Another theme has this code. Choose another code.'}, unique=True),
        ),
        migrations.AlterConstraint(
            model_name='body',
            name='cities_body_one_of_a_kind_per_city',
            constraint=models.UniqueConstraint(fields=('kind', 'city'), name='cities_body_one_of_a_kind_per_city', violation_error_message='This city has a body of this kind already. Edit that one.'),
        ),
        migrations.AlterConstraint(
            model_name='body',
            name='cities_body_one_of_a_kind_in_network',
            constraint=models.UniqueConstraint(condition=models.Q(('city', None)), fields=('kind',), name='cities_body_one_of_a_kind_in_network', violation_error_message='The network has a body of this kind already. Edit that one.'),
        ),
        migrations.AlterConstraint(
            model_name='body',
            name='cities_body_city_fits_kind',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('city', None), ('kind__in', ('scientific_committee', 'network_office'))), models.Q(models.Q(('kind__in', ('scientific_committee', 'network_office')), _negated=True), ('city__isnull', False)), _connector='OR'), name='cities_body_city_fits_kind', violation_error_message='Choose a city for a body of a city, and none for a body of the network.'),
        ),
        migrations.AlterConstraint(
            model_name='city',
            name='cities_city_coordinates_on_earth',
            constraint=models.CheckConstraint(condition=models.Q(('latitude__range', (-90, 90)), ('longitude__range', (-180, 180))), name='cities_city_coordinates_on_earth', violation_error_message='A latitude lies between -90 and 90, a longitude between -180 and 180. Check both.'),
        ),
        migrations.AlterConstraint(
            model_name='event',
            name='cities_event_ends_after_start',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gte', models.F('starts_at')), _connector='OR'), name='cities_event_ends_after_start', violation_error_message='The event ends before it begins. Choose a later end.'),
        ),
        migrations.AlterConstraint(
            model_name='event',
            name='cities_event_has_a_host',
            constraint=models.CheckConstraint(condition=models.Q(('body__isnull', False), ('city__isnull', False), _connector='OR'), name='cities_event_has_a_host', violation_error_message='Choose the city or the body whose event it is.'),
        ),
        migrations.AlterConstraint(
            model_name='installation',
            name='cities_installation_single',
            constraint=models.CheckConstraint(condition=models.Q(('pk', 1)), name='cities_installation_single', violation_error_message='This network is set up already. Edit its texts instead.'),
        ),
        migrations.AlterConstraint(
            model_name='organisation',
            name='cities_organisation_name_once',
            constraint=models.UniqueConstraint(fields=('name', 'country'), name='cities_organisation_name_once', violation_error_message='An organisation in this country has this name already. Use it, or write a name that differs.'),
        ),
        migrations.AlterConstraint(
            model_name='person',
            name='cities_person_email_once',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='cities_person_email_once', violation_error_message='Another person has this e-mail address. Look for that person first.'),
        ),
    ]
