"""The gateway: takes commands over HTTP, validates, stores uploads, enqueues and cancels."""
