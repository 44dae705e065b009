"""`python -m experiments`: run the studies and print the verdicts."""

from experiments.cli import main

if __name__ == "__main__":
    main()
