"""The surface syntax: text to a frozen tree with exact spans (`parser`), and back (`printer`)."""
