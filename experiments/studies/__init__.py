"""One study a file, each defining `study`."""
