"""What starts, watches and stops the processes of `make demo`, `run` and `test`. Knows no Django."""
