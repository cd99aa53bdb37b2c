"""Programs made of Bend programs: executables, libraries, and what they are made from (docs/build.md)."""
