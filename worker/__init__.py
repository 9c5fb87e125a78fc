"""Background work: the queue register, the worker process and its tasks."""
