from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0060_computation_end")]
    operations = [run_sql(__file__, "0061_sorted_custom.sql")]
