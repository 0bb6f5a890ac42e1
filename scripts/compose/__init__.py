"""The platform in containers, as tests and measurements use it."""
