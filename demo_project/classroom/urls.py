"""Which HTTP address of the classroom leads to which view; the WebSockets are in routing.py."""

from django.urls import path

from classroom import views

urlpatterns = [
    path("", views.app, name="classroom"),
    path("board/", views.app, name="classroom-board"),
    path("course/", views.course, name="classroom-course"),
    path("open/", views.open_class, name="classroom-open"),
    path("export.csv", views.export_csv, name="classroom-export-csv"),
    path("export.json", views.export_json, name="classroom-export-json"),
]
