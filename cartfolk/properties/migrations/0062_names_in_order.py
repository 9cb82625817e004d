from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0061_sorted_custom")]
    operations = [run_sql(__file__, "0062_names_in_order.sql")]
