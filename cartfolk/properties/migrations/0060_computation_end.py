from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0011_recompute")]
    operations = [run_sql(__file__, "0060_computation_end.sql")]
