"""Fits the gate and measures it: ``python -m diagnosis.gating``."""
