"""Round trips and one-way streams over multiprocessing's pipes and queues. argv[1]: pipe, simple or queue."""

import multiprocessing as mp
import sys
from time import perf_counter_ns

from contestant import serve


class Pipe:
    """A connection, with a queue's names."""

    def __init__(self, context):
        self.reader, self.writer = context.Pipe(duplex=False)
        self.get, self.put = self.reader.recv, self.writer.send


KINDS = {"pipe": Pipe, "simple": lambda c: c.SimpleQueue(), "queue": lambda c: c.Queue()}


def peer(there, back):
    """Echoes an item, or where it is a tuple (payload, n) sends that payload n times."""
    while True:
        item = there.get()
        if isinstance(item, tuple):
            payload, n = item
            for _ in range(n):
                back.put(payload)
        else:
            back.put(item)


def payload(args):
    if args["size"] == 8:
        return 0.1
    return b"x" * args["size"] if args.get("binary") else "x" * args["size"]


if __name__ == "__main__":
    context = mp.get_context("fork")
    there, back = KINDS[sys.argv[1]](context), KINDS[sys.argv[1]](context)
    context.Process(target=peer, args=(there, back), daemon=True).start()

    def round_trip(args):
        item, n = payload(args), args["n"]
        begin = perf_counter_ns()
        for _ in range(n):
            there.put(item)
            back.get()
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def stream(args):
        item, n = payload(args), args["n"]
        begin = perf_counter_ns()
        there.put((item, n))
        for _ in range(n):
            back.get()
        return {"ns": perf_counter_ns() - begin, "ops": n}

    serve({"roundTrip": round_trip, "stream": stream})
