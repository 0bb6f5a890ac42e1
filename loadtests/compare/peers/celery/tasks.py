"""The job, as a shared task that whichever Celery app is the default one will run."""

import time

from celery import shared_task


@shared_task(ignore_result=False)
def simulate(seconds: float, token: str) -> dict[str, str]:
    """Take so many seconds, then give the token back."""
    if seconds:
        time.sleep(seconds)
    return {"token": token}
