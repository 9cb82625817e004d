from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stores", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "alter table stores_store add column learned jsonb not null default '{}'",
            "alter table stores_store drop column learned",
            state_operations=[
                migrations.AddField("store", "learned", models.JSONField(blank=True, default=dict)),
            ],
        )
    ]
