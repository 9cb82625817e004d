from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("commerce", "0003_consent_pending")]
    operations = [run_sql(__file__, "0004_own_rate.sql")]
