"""Shared memory: handed to another process by its name; the elements of an Array; a Value under its lock."""

import multiprocessing as mp
from multiprocessing.shared_memory import SharedMemory
from time import perf_counter_ns

from contestant import serve

LENGTH = 1 << 20


def touch(pipe):
    while True:
        block = SharedMemory(name=pipe.recv())
        numbers = block.buf.cast("d")
        numbers[0] += 1
        pipe.send(numbers[0])
        numbers.release()
        block.close()


if __name__ == "__main__":
    context = mp.get_context("fork")
    block = SharedMemory(create=True, size=LENGTH * 8)
    here, there = context.Pipe()
    context.Process(target=touch, args=(there,), daemon=True).start()
    array = context.Array("d", 1_000_000)
    value = context.Value("i", 0)

    def queue(args):
        n = args["n"]
        begin = perf_counter_ns()
        for _ in range(n):
            here.send(block.name)
            here.recv()
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def total(args):
        n = args["n"] // 20
        numbers = array.get_obj()
        begin = perf_counter_ns()
        result = 0.0
        for i in range(n):
            result += numbers[i]
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def write(args):
        n = args["n"] // 20
        numbers = array.get_obj()
        begin = perf_counter_ns()
        for i in range(n):
            numbers[i] = i
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def add(args):
        n = args["n"] // 10
        begin = perf_counter_ns()
        for _ in range(n):
            with value.get_lock():
                value.value += 1
        return {"ns": perf_counter_ns() - begin, "ops": n}

    def close(_):
        block.close()
        block.unlink()

    serve({"queue": queue, "sum": total, "write": write, "add": add, "close": close})
