"""The wish to stop, set by the signal handler and seen by every loop of this process."""

import threading

stopping = threading.Event()
