"""Everything that the pages share: the session's state, forms, panels and browser components."""
