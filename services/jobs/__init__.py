"""The contract: what a job is, which kinds exist, and where jobs are kept.

What a job type's file needs is imported from here.
"""

from services.jobs.files import File, file_field
from services.jobs.job_type import job_type
from services.jobs.running_job import JobError, RunningJob

__all__ = ["File", "JobError", "RunningJob", "file_field", "job_type"]
