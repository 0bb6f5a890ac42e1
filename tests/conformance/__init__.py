"""The HTTP contract, tested from outside: nothing here imports a service."""
