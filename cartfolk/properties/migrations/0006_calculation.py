from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0009_grams")]
    operations = [run_sql(__file__, "0006_calculation.sql")]
