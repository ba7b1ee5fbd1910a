"""Exit 0 when the service in this container is ready: `/` says which one it is, its `/readyz` whether it is."""

import sys
from http.client import HTTPConnection, HTTPException

PORT = 8000


def is_ready(port: int) -> bool:
    """Ask the service on this port of this machine."""
    connection = HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        connection.request("GET", f"{answer.headers['Location']}readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_ready(PORT))
