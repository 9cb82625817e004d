from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stores", "0002_store_learned")]

    operations = [
        migrations.RunSQL(
            "alter table stores_store add column compared jsonb not null default '{}'",
            "alter table stores_store drop column compared",
            state_operations=[
                migrations.AddField("store", "compared", models.JSONField(blank=True, default=dict)),
            ],
        )
    ]
