"""Which HTTP address leads to which view; the WebSocket addresses are in routing.py."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from account import views

urlpatterns = [
    path("", views.board, name="board"),
    path("plain/", views.plain, name="plain"),
    path("me/", views.me, name="me"),
    path("online/", views.online, name="online"),  # over HTTP; the WebSocket is in routing.py
    path("classroom/", include("classroom.urls")),
    path("accounts/login/", views.LogIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
