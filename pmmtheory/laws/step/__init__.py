"""The law of one step of a chain, given where it starts."""
