"""multiprocessing's Semaphore, Condition, Event and Barrier, between processes that live through all rounds."""

import multiprocessing as mp
from time import perf_counter_ns

from contestant import serve


def obey(pipe, run, args):
    while True:
        run(pipe.recv(), *args)


def answer(n, condition, ready):
    with condition:
        ready.release()
        for _ in range(n):
            condition.wait()
            condition.notify()


def wait(n, events, ready):
    ready.release()
    for i in range(n):
        events[i % 2].wait()
        ready.release()


def go_through(n, barrier):
    for _ in range(n + 1):
        barrier.wait()


class Teams:
    def __init__(self, context):
        self.context = context
        self.teams = {}

    def tell(self, name, count, run, args, n):
        """Has `count` children run(n, *args); they are started at the first need."""
        if name not in self.teams:
            self.teams[name] = []
            for _ in range(count):
                here, there = self.context.Pipe()
                self.context.Process(target=obey, args=(there, run, args), daemon=True).start()
                self.teams[name].append(here)
        for pipe in self.teams[name]:
            pipe.send(n)


if __name__ == "__main__":
    context = mp.get_context("fork")
    teams = Teams(context)
    permits, ready = context.Semaphore(3), context.Semaphore(0)
    condition = context.Condition()
    events = [context.Event(), context.Event()]
    barrier = context.Barrier(4)

    def semaphore(args):
        acquire, release = permits.acquire, permits.release
        begin = perf_counter_ns()
        for _ in range(args["n"]):
            acquire()
            release()
        return {"ns": perf_counter_ns() - begin, "ops": args["n"]}

    def ping_pong(args):
        n = args["n"]
        teams.tell("ping_pong", 1, answer, (condition, ready), n)
        ready.acquire()
        with condition:
            begin = perf_counter_ns()
            for _ in range(n):
                condition.notify()
                condition.wait()
            return {"ns": perf_counter_ns() - begin, "ops": n}

    def fan_out(args):
        n = args["n"]
        teams.tell("fan_out", 4, wait, (events, ready), n)
        for _ in range(4):
            ready.acquire()
        begin = perf_counter_ns()
        for i in range(n):
            events[i % 2].set()
            for _ in range(4):
                ready.acquire()
            events[i % 2].clear()
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def cycle(args):
        n = args["n"]
        teams.tell("cycle", 3, go_through, (barrier,), n)
        barrier.wait()
        begin = perf_counter_ns()
        for _ in range(n):
            barrier.wait()
        return {"ns": perf_counter_ns() - begin, "ops": n}

    serve({"semaphore": semaphore, "pingPong": ping_pong, "fanOut": fan_out, "cycle": cycle})
