"""Pools of Python: first result, tasks awaited and at once, map. argv[1]: fork or spawn (multiprocessing.Pool), executor or loky."""

import multiprocessing as mp
import sys
from time import perf_counter_ns

from contestant import serve, skip


def inc(x):
    return x + 1


def square(x):
    return x * x


class Pool:
    def __init__(self, method):
        self.pool = mp.get_context(method).Pool(2)

    def submit(self, x):
        return self.pool.apply_async(inc, (x,))

    def result(self, handle):
        return handle.get()

    def map(self, xs):
        return self.pool.map(square, xs)


class Executor:
    def __init__(self, executor):
        self.executor = executor

    def submit(self, x):
        return self.executor.submit(inc, x)

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

    serve({"first": first, "awaited": awaited, "burst": burst, "map": map_all})


if __name__ == "__main__":
    main()
