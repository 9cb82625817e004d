from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_merges")]
    operations = [run_sql(__file__, "0003_suppression.sql")]
