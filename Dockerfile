# One image per service, as small as what that service may use: `docker compose build`.
# The folders that a target copies are the arrows of the architecture, and each target ends by importing its
# service, so that an import across a border fails the build.

FROM python:3.13-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/venv/bin:$PATH \
    TMPDIR=/tmp BIND=0.0.0.0 BLOB_URL=/data/blobs
RUN groupadd --gid 10001 coatcheck \
 && useradd --uid 10001 --gid coatcheck --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin coatcheck \
 && install -d -o coatcheck -g coatcheck /data/blobs /data/webhooks
WORKDIR /app

# Packages: finished wheels with the hashes of the lock, into an environment that is copied whole.
FROM base AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_REQUIRE_HASHES=1 PIP_ONLY_BINARY=:all:
RUN python -m venv --without-pip /venv

FROM packages AS web-packages
COPY requirements/web.txt ./
RUN pip --python /venv/bin/python install --quiet -r web.txt

FROM packages AS worker-packages
COPY requirements/worker.txt ./
RUN pip --python /venv/bin/python install --quiet -r worker.txt

FROM packages AS loadtest-packages
COPY requirements/loadtest.txt ./
RUN pip --python /venv/bin/python install --quiet -r loadtest.txt

FROM packages AS dashboard-packages
COPY requirements/dashboard.txt ./
RUN pip --python /venv/bin/python install --quiet -r dashboard.txt

# Commands over HTTP.
FROM base AS gateway
COPY --from=web-packages /venv /venv
COPY examples examples
COPY compose/ready.py ./
COPY services/__init__.py services/
COPY services/jobs services/jobs
COPY services/job_types services/job_types
COPY services/web services/web
COPY services/gateway services/gateway
RUN python -m compileall -q . \
 && python -c "import services.gateway.app, services.jobs.catalogue as c; c.discover('services.job_types')"
USER coatcheck
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD python ready.py "${GATEWAY_PORT:-8000}" /readyz
CMD ["python", "-m", "services.gateway"]

# Queries over HTTP: no job types, and no way to write a job.
FROM base AS status
COPY --from=web-packages /venv /venv
COPY compose/ready.py ./
COPY services/__init__.py services/
COPY services/jobs services/jobs
COPY services/web services/web
COPY services/status services/status
RUN python -m compileall -q . && python -c "import services.status.app, services.web.launch"
USER coatcheck
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD python ready.py "${STATUS_PORT:-8001}" /readyz
CMD ["python", "-m", "services.status"]

# Runs jobs.
FROM base AS worker
COPY --from=worker-packages /venv /venv
COPY examples examples
COPY services/__init__.py services/
COPY services/jobs services/jobs
COPY services/job_types services/job_types
COPY services/worker services/worker
RUN python -m compileall -q . \
 && python -c "import services.worker.__main__, services.jobs.catalogue as c; c.discover('services.job_types')"
USER coatcheck
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-m", "services.worker.health"]
CMD ["python", "-m", "services.worker"]

# Tells callbacks of their jobs' ends.
FROM base AS webhooks
ENV DATA_DIR=/data/webhooks
COPY --from=web-packages /venv /venv
COPY services/__init__.py services/
COPY services/jobs services/jobs
COPY services/webhooks services/webhooks
RUN python -m compileall -q . && python -c "import services.webhooks.__main__"
USER coatcheck
CMD ["python", "-m", "services.webhooks"]

# Users made of code: `docker compose --profile loadtest up`.
FROM base AS loadtest
COPY --from=loadtest-packages /venv /venv
COPY compose/ready.py ./
COPY loadtests loadtests
RUN python -m compileall -q . && python -m locust --locustfile loadtests/locustfile.py --list
USER coatcheck
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["python", "ready.py", "8089", "/"]
CMD ["python", "-m", "locust", "--locustfile", "loadtests/locustfile.py", "--web-port", "8089"]

# rq-dashboard, told how our jobs are written: `docker compose --profile dashboard up`.
FROM base AS dashboard
COPY --from=dashboard-packages /venv /venv
COPY compose/dashboard.py compose/ready.py ./
RUN python -m compileall -q . && python -c "import dashboard"
USER coatcheck
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["python", "ready.py", "9181", "/0/data/queues.json"]
CMD ["python", "dashboard.py"]
