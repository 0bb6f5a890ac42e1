"""The worker: runs the catalogue's functions in a supervised child process, dispatched by RQ's data."""
