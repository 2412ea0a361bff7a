"""What tests stand on: real databases and servers on this machine alone, stopped when the last test is done."""
