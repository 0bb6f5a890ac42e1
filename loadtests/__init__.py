"""Load tests: clients as the platform's users would write them, many at once, run by locust."""
