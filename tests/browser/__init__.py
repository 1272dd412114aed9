"""Tests that drive the running app in Chromium, and what benchmarks share with them."""
