"""What starts, watches and stops the processes of `make demo`, `make run` and `make test`. Knows no Django."""
