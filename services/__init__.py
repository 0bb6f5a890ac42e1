"""Coatcheck's services: the contract (`jobs`), the kinds of work (`job_types`), and who uses them."""
