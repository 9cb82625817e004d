from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("inbox", "0003_retention")]
    operations = [run_sql(__file__, "0060_tried_at.sql")]
