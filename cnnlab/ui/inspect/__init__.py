"""The Inspect page: one image on the left, what a layer makes of it on the right, a tab a view."""
