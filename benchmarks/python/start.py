"""multiprocessing.Process: time to a function's first line, and to start and join. argv[1]: the start method."""

import multiprocessing as mp
import sys
from time import perf_counter_ns

from contestant import serve


def hello(connection):
    connection.send(1)


def nothing():
    pass


def main():
    context = mp.get_context(sys.argv[1])

    def first_line(args):
        samples = []
        for _ in range(args["n"]):
            here, there = context.Pipe()
            begin = perf_counter_ns()
            child = context.Process(target=hello, args=(there,))
            child.start()
            here.recv()
            samples.append(perf_counter_ns() - begin)
            child.join()
        return {"samples": samples}

    def start_and_join(args):
        samples = []
        for _ in range(args["n"]):
            begin = perf_counter_ns()
            child = context.Process(target=nothing)
            child.start()
            child.join()
            samples.append(perf_counter_ns() - begin)
        return {"samples": samples}

    serve({"firstLine": first_line, "startAndJoin": start_and_join})


if __name__ == "__main__":
    main()
