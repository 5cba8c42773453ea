"""The Python side of harness/contestant.mjs: reads { call, args } a line, answers on descriptor 3."""

import json
import os
import sys

OUT = None  # opened by serve(): a spawned child imports this file too, and has no descriptor 3 of ours


def _answer(value):
    global OUT
    OUT = OUT or os.fdopen(3, "w", buffering=1)
    OUT.write(json.dumps(value) + "\n")


def _condense(result):
    if "samples" not in result:
        return result
    ordered = sorted(result["samples"])
    count = len(ordered)
    return {
        "ns": (ordered[(count - 1) // 2] + ordered[count // 2]) / 2,
        "ops": 1,
        "p99": ordered[min(count - 1, int(count * 0.99))],
        "cpuOps": result.get("cpuOps", count),
    }


def serve(methods):
    """Answers calls of `methods`, a dict of functions of the round's arguments, until `close`."""
    os.set_inheritable(3, False)
    _answer({"ready": list(methods)})
    for line in sys.stdin:
        request = json.loads(line)
        if request["call"] == "close":
            methods.get("close", lambda _: None)(request["args"])
            _answer({})
            break
        try:
            _answer(_condense(methods[request["call"]](request["args"])))
        except Exception as error:  # the harness reports it
            _answer({"failed": repr(error)})
    OUT.flush()
    os._exit(0)


def skip(why):
    _answer({"skipped": why})
    os._exit(0)
