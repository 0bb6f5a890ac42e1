"""One client that does one thing at a time: a kept connection to each server that it talks to."""

import socket

from loadtests.compare.wire import Address, Reply, take_reply


class Client:
    """Blocking requests, one after the other."""

    def __init__(self, timeout: float = 40.0) -> None:
        self.timeout = timeout
        self.sockets: dict[Address, socket.socket] = {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc: object) -> None:
        for kept in self.sockets.values():
            kept.close()

    def ask(self, address: Address, request: bytes) -> Reply:
        """Send a request and wait for its reply; a connection that the server has dropped is made anew once."""
        if address in self.sockets:
            try:
                return self._ask(self.sockets[address], request)
            except ConnectionError:
                self.sockets.pop(address).close()
        made = socket.create_connection((address.host, address.port), timeout=self.timeout)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sockets[address] = made
        return self._ask(made, request)

    def _ask(self, kept: socket.socket, request: bytes) -> Reply:
        kept.sendall(request)
        received = bytearray()
        while (taken := take_reply(received)) is None:
            piece = kept.recv(65536)
            if not piece:
                raise ConnectionResetError("The server closed the connection before it had answered.")
            received += piece
        return taken[0]
