"""What all suites need."""

import signal

# Started in the background of a plain shell, tests are deaf to Ctrl-C, and so would be every program that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
