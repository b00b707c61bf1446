"""What the layers above may react to. Receivers must be repeatable: a crash may lose one signal."""

from django.dispatch import Signal

course_synced = Signal()
"""After the commit of a good read or of a file. Arguments: `course_id`, `run_id` (None: an imported file)."""
