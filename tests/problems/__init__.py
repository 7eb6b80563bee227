"""The collection of problems with exact or trusted solutions, shared by tests, benchmarks and docs.

A problem is its statement, its domain and its parameters, nothing else; a tolerance is the caller's to choose.
"""
