"""What people export from Moodle by hand: read, understood, compared, applied. No web layer here."""
