"""Round trips over a Pipe, and a JoinableQueue from put to join."""

import multiprocessing as mp
from time import perf_counter_ns

from contestant import serve


def echo(conn):
    while True:
        size, n = conn.recv()
        for _ in range(n):
            if size > 1024:
                conn.send_bytes(conn.recv_bytes())
            else:
                conn.send(conn.recv())


def work(queue):
    while True:
        queue.get()
        queue.task_done()


if __name__ == "__main__":
    context = mp.get_context("fork")
    here, there = context.Pipe()
    jobs = context.JoinableQueue()
    context.Process(target=echo, args=(there,), daemon=True).start()
    context.Process(target=work, args=(jobs,), daemon=True).start()

    def round_trip(args):
        size, n = args["size"], args["n"]
        here.send((size, n))
        raw = b"x" * size
        item = 0.1 if size == 8 else "x" * size
        begin = perf_counter_ns()
        for _ in range(n):
            if size > 1024:
                here.send_bytes(raw)
                here.recv_bytes()
            else:
                here.send(item)
                here.recv()
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def joinable(args):
        n = args["n"]
        begin = perf_counter_ns()
        for i in range(n):
            jobs.put(i)
        jobs.join()
        return {"ns": perf_counter_ns() - begin, "ops": n}

    serve({"roundTrip": round_trip, "joinable": joinable})
