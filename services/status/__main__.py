"""`python -m services.status`: the status service on the server that SERVER names."""

from services.web.launch import launch

launch("status")
