from django.apps import AppConfig


class PropertiesConfig(AppConfig):
    name = "cartfolk.properties"
    label = "properties"
    default_auto_field = "django.db.models.BigAutoField"
