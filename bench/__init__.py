"""Measurements behind the README's figures: `python -m bench.NAME` prints one JSON object a line.

Each figure is measured beside its peer in the same run, so that a busy machine slows both.
"""
