from django.apps import AppConfig


class MoodleSyncConfig(AppConfig):
    name = "moodle_sync"
