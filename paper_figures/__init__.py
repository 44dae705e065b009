"""One figure a file; `python -m paper_figures` draws them from stored results and computes no law."""
