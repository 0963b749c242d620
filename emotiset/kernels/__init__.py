"""Compiled loops: numba functions over arrays, and nothing else.

Kernels take arrays and scalars, write into arrays they are given, and never
validate; the module that calls one does.
"""
