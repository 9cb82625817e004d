from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("properties", "0003_definitions")]
    operations = [run_sql(__file__, "0004_note.sql")]
