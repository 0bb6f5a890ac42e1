"""What runs, tests and measures the platform."""
