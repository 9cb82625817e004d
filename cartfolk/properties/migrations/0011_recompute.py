from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0006_calculation"), ("commerce", "0001_initial")]
    operations = [run_sql(__file__, "0011_recompute.sql")]
