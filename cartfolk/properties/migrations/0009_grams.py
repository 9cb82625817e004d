from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0005_search")]
    operations = [run_sql(__file__, "0009_grams.sql")]
