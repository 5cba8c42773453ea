"""multiprocessing.Lock: free, and contended by processes that live through all rounds."""

import multiprocessing as mp
from time import perf_counter_ns

from contestant import serve


def hammer(lock, pipe):
    while True:
        n = pipe.recv()
        for _ in range(n):
            lock.acquire()
            lock.release()
        pipe.send(n)


def free(lock):
    def run(args):
        acquire, release = lock.acquire, lock.release
        begin = perf_counter_ns()
        for _ in range(args["n"]):
            acquire()
            release()
        return {"ns": perf_counter_ns() - begin, "ops": args["n"]}

    return run


def contended(context):
    teams = {}

    def run(args):
        count, n = args["processes"], args["n"]
        if count not in teams:
            lock = context.Lock()
            teams[count] = []
            for _ in range(count):
                here, there = context.Pipe()
                context.Process(target=hammer, args=(lock, there), daemon=True).start()
                teams[count].append(here)
        begin = perf_counter_ns()
        for pipe in teams[count]:
            pipe.send(n)
        for pipe in teams[count]:
            pipe.recv()
        return {"ns": perf_counter_ns() - begin, "ops": n * count}

    return run


if __name__ == "__main__":
    context = mp.get_context("fork")
    serve({"free": free(context.Lock()), "contended": contended(context)})
