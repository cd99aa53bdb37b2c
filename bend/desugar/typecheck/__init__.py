"""Types: what they are, how they are inferred, and how they are checked (spec 02, section 5)."""
