"""A run's network in other forms, each checked against the network after it was written."""
