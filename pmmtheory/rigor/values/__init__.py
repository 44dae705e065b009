"""Headline numbers, by subject: each file defines `claims`, of numbers with their proofs."""
