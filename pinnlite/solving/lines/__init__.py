"""Ordinary differential equations: elements along a line."""
