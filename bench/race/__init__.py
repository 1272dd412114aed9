"""Each tutorial's own script against the fast recipe of its preset: what is raced, and how it is reckoned."""
