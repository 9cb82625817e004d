from django.db import migrations

from cartfolk.core.migration import run_sql


class Migration(migrations.Migration):
    dependencies = [("commerce", "0005_brand_and_tags")]
    operations = [run_sql(__file__, "0006_subscription.sql")]
