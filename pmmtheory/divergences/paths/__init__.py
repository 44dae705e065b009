"""The KL divergence of the paths of a chain from those of a finer one, by the chain rule over the large steps."""
