"""Coatcheck's conformance kit: one chapter per file, one rule per promise of the HTTP contract.

It speaks plain HTTP to a running platform, needs nothing beside Python's standard library, and
imports nothing from `services`, so it can as well be pointed at another implementation.
"""
