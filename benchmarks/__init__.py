"""The speed figures: `python -m benchmarks` measures all of them, `python -m benchmarks NAME…` some.

How each is measured, and what was found: docs/performance.md.
"""
