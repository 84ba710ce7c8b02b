"""Findings → words."""
