"""Measured limits, each beside a baseline of the same run: `python -m benchmarks`, `make bench`. Not part of the wheel.

Figures of a shared machine mean little by themselves: what counts is the ratio to the C floor and to plain aiohttp.
"""
