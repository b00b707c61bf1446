import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
application = get_wsgi_application()
reverse("dashboard:roster")  # loads every address and its view: the first visitor need not wait for them

# What is loaded by now lives as long as the process: the collector need not walk through it in mid-request.
gc.collect()
gc.freeze()
# A page of templates makes tens of thousands of short-lived objects: look for cycles between pages rather than within.
gc.set_threshold(50_000, 20, 50)
