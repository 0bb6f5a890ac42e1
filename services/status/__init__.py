"""The status service: one job's state, result and files. It reads, and has no way to write a job."""
