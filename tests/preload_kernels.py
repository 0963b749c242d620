"""Loaded by the process that workers are forked off: the kernels, by calling them.

numba loads the larger half of itself, and each kernel from its file, when they are
first called: a second of processor time, which each worker would take anew.
"""

from emotiset.warmup import call_labeling_kernels, call_learning_kernels

call_labeling_kernels()
call_learning_kernels()
