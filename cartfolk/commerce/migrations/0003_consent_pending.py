from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("commerce", "0002_order_event")]
    operations = [run_sql(__file__, "0003_consent_pending.sql")]
