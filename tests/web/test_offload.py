import subprocess
import sys
import threading
from pathlib import Path

from services.web.offload import offload

ROOT = Path(__file__).resolve().parents[2]
UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, time
from services.web.offload import offload
real_sleep = monkey.get_original("time", "sleep")
ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.01)
ticker = gevent.spawn(tick)
offload(real_sleep, 0.3)
print(len(ticks) > 5, offload(divmod, 7, 2), offload(sorted, [1, 2], reverse=True))
try:
    offload(int, "x")
except ValueError as error:
    print(type(error).__name__)
"""


def test_without_gevent_a_call_is_made_here() -> None:
    assert offload(threading.get_ident) == threading.get_ident()
    assert offload(sorted, [1, 2], reverse=True) == [2, 1]


def test_under_gevent_a_call_that_blocks_holds_up_nothing_else() -> None:
    command = [sys.executable, "-c", UNDER_GEVENT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["True (3, 1) [2, 1]", "ValueError"]
