from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [run_sql(__file__, "0001_initial.sql")]
