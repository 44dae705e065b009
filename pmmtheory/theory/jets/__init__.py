"""Steps of schemes run on truncated power series in the derivatives of a force that nobody has named."""
