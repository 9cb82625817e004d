from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("commerce", "0006_subscription")]
    operations = [run_sql(__file__, "0007_not_real.sql")]
