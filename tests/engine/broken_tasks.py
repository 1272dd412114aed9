"""A registry that cannot be imported."""

raise ImportError("no CUDA today")
