"""The drawings of the concept cards, a file a card."""
