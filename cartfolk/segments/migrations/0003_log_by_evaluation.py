from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("segments", "0002_segment_cut")]
    operations = [run_sql(__file__, "0003_log_by_evaluation.sql")]
