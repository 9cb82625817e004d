"""The routes of the doors; included at the root of the program."""

from __future__ import annotations

from django.urls import path

from . import doors

app_name = "inbox"
urlpatterns = [
    path("hooks/<str:key>", doors.hook, name="hook"),
    path("apps/<str:key>/register", doors.register, name="app-register"),
    path("apps/<str:key>/confirm", doors.confirm, name="app-confirm"),
    path("ingest/v1/<str:key>", doors.ingest, name="ingest"),
    path("t/<str:key>", doors.track, name="track"),
    path("t/<str:key>/cartfolk.js", doors.script, name="script"),
    path("r/<str:token>", doors.recover, name="recover"),
]
