"""Relations that hold, fail, refuse, crash, hang and die."""
