"""Faults on purpose: jobs go in while processes are killed, stopped and restarted; then the ledger is drawn up."""
