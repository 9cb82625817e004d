from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0062_names_in_order")]
    operations = [run_sql(__file__, "0063_money_text.sql")]
