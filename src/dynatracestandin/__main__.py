"""`python -m dynatracestandin`."""

import sys

from dynatracestandin.run import main

sys.exit(main())
