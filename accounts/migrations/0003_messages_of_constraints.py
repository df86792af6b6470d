import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_sessions_name_the_moved_backend'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.AlterField(
            model_name='user',
            name='email',
            field=models.EmailField(error_messages={'unique': 'Another account has this e-mail address.'}, max_length=254, unique=True, verbose_name='e-mail'),
        ),
        migrations.AlterConstraint(
            model_name='user',
            name='accounts_user_email_once',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='accounts_user_email_once', violation_error_message='Another account has this e-mail address.'),
        ),
    ]
