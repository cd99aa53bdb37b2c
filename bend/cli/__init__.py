"""The commands `bend` and `hvm`: options in, streams and exit codes out (spec 03). Everything else is the driver's."""
