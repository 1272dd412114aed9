"""The concept cards of the Convolution page: an idea and its numbers each, a file a card."""
