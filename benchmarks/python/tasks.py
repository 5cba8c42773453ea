"""Pools of Python: first result, tasks awaited and at once, map. argv[1]: fork or spawn (multiprocessing.Pool), executor or loky."""

import multiprocessing as mp
import random
import sys
from time import perf_counter, perf_counter_ns, sleep

from contestant import serve, skip


def inc(x):
    return x + 1


def square(x):
    return x * x


def echo(value):
    return value


def take(value):
    if isinstance(value, dict):
        return len(value["items"]) if "items" in value else value["id"]
    return len(value)


def spin(microseconds):
    end = perf_counter() + microseconds / 1e6
    while perf_counter() < end:
        pass
    return microseconds


def record(i):
    return {
        "id": i,
        "name": f"record-{i}",
        "score": i * 1.5,
        "ok": i % 2 == 0,
        "tags": ["alpha", "beta", "gamma"],
        "note": "x" * 880,
    }


VALUES = {
    "record": lambda: record(7),
    "graph": lambda: {"items": [record(i) for i in range(1024)]},
    "bytes": lambda: b"\7" * (1 << 20),
    "large": lambda: b"\7" * (64 << 20),
}


class Pool:
    def __init__(self, method):
        self.pool = mp.get_context(method).Pool(2)

    def submit(self, x, function=inc):
        return self.pool.apply_async(function, (x,))

    def result(self, handle):
        return handle.get()

    def map(self, xs):
        return self.pool.map(square, xs)


class Executor:
    def __init__(self, executor):
        self.executor = executor

    def submit(self, x, function=inc):
        return self.executor.submit(function, x)

    def result(self, future):
        return future.result()


def load(kind):
    if kind == "executor":
        from concurrent.futures import ProcessPoolExecutor

        return lambda: Executor(ProcessPoolExecutor(2))
    if kind == "loky":
        try:
            import loky
        except ImportError:
            skip("loky is not installed")
        return lambda: Executor(loky.get_reusable_executor(2))
    return lambda: Pool(kind)


def main():
    create = load(sys.argv[1])
    pool = None

    def the_pool():
        nonlocal pool
        if pool is None:
            pool = create()
        return pool

    def first(_):
        begin = perf_counter_ns()
        pool = the_pool()
        assert pool.result(pool.submit(1)) == 2
        return {"ns": perf_counter_ns() - begin, "ops": 1}

    def awaited(args):
        pool, samples = the_pool(), []
        for i in range(args["n"]):
            sleep(args.get("rest", 0) / 1e3)
            begin = perf_counter_ns()
            pool.result(pool.submit(i))
            samples.append(perf_counter_ns() - begin)
        return {"samples": samples}

    def burst(args):
        pool, n = the_pool(), args["n"]
        begin = perf_counter_ns()
        handles = [pool.submit(i) for i in range(n)]
        results = [pool.result(handle) for handle in handles]
        assert results[-1] == n
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def map_all(_):
        xs = list(range(1_000_000))
        begin = perf_counter_ns()
        squares = the_pool().map(xs)
        assert squares[-1] == 999_999**2
        return {"ns": perf_counter_ns() - begin, "ops": 1}

    def values(args):
        pool, value, n = the_pool(), VALUES[args["kind"]](), args["n"]
        function = {"echo": echo, "take": take}[args["op"]]
        begin = perf_counter_ns()
        flying = []
        for _ in range(n):
            if len(flying) == 4:
                pool.result(flying.pop(0))
            flying.append(pool.submit(value, function))
        for handle in flying:
            pool.result(handle)
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def all_at_once(function, arguments):
        pool = the_pool()
        begin = perf_counter_ns()
        for handle in [pool.submit(x, function) for x in arguments]:
            pool.result(handle)
        return {"ns": perf_counter_ns() - begin, "ops": 1}

    def varying(_):
        dice = random.Random(12345)
        return all_at_once(spin, [30 * 100 ** dice.random() for _ in range(400)])

    calls = {"first": first, "awaited": awaited, "burst": burst, "map": map_all}
    serve({**calls, "values": values, "varying": varying})


if __name__ == "__main__":
    main()
