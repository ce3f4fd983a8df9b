"""The house's tests find the modules beside them by their full names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
