"""Own images as data sets: looked through, prepared picture by picture, kept until they are deleted."""
