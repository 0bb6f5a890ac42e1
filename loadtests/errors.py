"""What can go wrong in a load test: a mistake in its setting-up, or a job without a good end."""


class LoadTestError(Exception):
    """The load test can't be run as asked; the message says why and how to mend it."""


class JobProblem(Exception):
    """A job that did not come to a result; the message holds no job id, so that equal problems are counted together."""

    verdict = ""

    def __repr__(self) -> str:
        """The text under which locust counts the problem."""
        return f"{self.verdict}: {self}"


class JobRefused(JobProblem):
    """The gateway did not take the job: by a refusal, or by no 202 within the limit."""

    verdict = "refused"


class JobFailed(JobProblem):
    """The job ended as failed or cancelled."""

    verdict = "failed"


class JobVanished(JobProblem):
    """The job was accepted, and then could not be found, was unreadable, or was not done within the limit."""

    verdict = "vanished"
