"""`python -m services.gateway`: the gateway on the server that SERVER names."""

from services.web.launch import launch

launch("gateway")
