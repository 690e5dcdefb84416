"""Fast programs equal the engine, own their results, and hand over what they cannot do."""

import contextlib
import keyword
import threading
import tracemalloc

import numpy as np
import optree
import pytest
from compiler_tests_placeholder import nothing
