from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("inbox", "0004_contact_import")]
    operations = [run_sql(__file__, "0003_retention.sql")]
