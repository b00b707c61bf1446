"""What only `make demo` and the tests need: the simulated Moodle and the seeded story."""
