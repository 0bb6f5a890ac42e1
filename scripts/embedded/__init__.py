"""The platform on one machine, without containers: for trying, developing and testing."""
