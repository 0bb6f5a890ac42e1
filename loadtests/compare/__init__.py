"""Coatcheck beside the stacks that one would pick instead: same machine, same store, same work."""
