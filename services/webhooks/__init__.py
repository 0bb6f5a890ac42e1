"""The webhooks service: tells callbacks of their jobs' ends. Nothing else waits for it."""
