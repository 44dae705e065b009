"""What a cell computes: one measure a file, each with a function `measure(device, **parameters)`."""
