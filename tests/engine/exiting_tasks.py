"""A registry whose import ends the process, as an illegal instruction in a library does."""

import os
import sys

sys.stderr.write("illegal instruction\n")
sys.stderr.flush()
os._exit(7)
