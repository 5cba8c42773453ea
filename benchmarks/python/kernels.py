"""The kernels in Python: kernels.py numpy|numexpr|numba|numba-serial THREADS."""

import math
import sys
import time

from contestant import serve, skip

library, threads = sys.argv[1], int(sys.argv[2])
try:
    import numpy as np

    if library == "numexpr":
        import numexpr

        numexpr.set_num_threads(threads)
    if library.startswith("numba"):
        import numba
        from numba import njit, prange

        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
except ImportError as error:
    skip(str(error))


def columns(name, n):
    i = np.arange(n, dtype=np.float64)
    return {
        "x ** x": lambda: [0.5 + 5 * i / n],
        "polynomial": lambda: [i / n - 0.5],
        "sin · exp": lambda: [i / n * 20 - 10],
        "Black-Scholes": lambda: [50 + i % 101, 60 + i % 67, 0.2 + i % 13 / 10],
        "Mandelbrot": lambda: [i % 128 / 128 * 3 - 2, i // 128 / 128 * 2.4 - 1.2],
        "Monte-Carlo π": lambda: [i + 1],
        "isPrime": lambda: [1000001 + 2 * i],
        "sum": lambda: [i * 0.5],
        "axpy": lambda: [i, 2 * i],
    }[name]()


R, V, K = 0.03, 0.3, 1.5


def numpy_cnd(d):
    k = 1 / (1 + 0.2316419 * np.abs(d))
    series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    w = 1 - 0.39894228040143 * np.exp(-d * d / 2) * series
    return np.where(d < 0, 1 - w, w)


def numpy_black_scholes(s, x, t):
    q = V * np.sqrt(t)
    d1 = (np.log(s / x) + (R + V * V / 2) * t) / q
    d2 = d1 - q
    return s * numpy_cnd(d1) - x * np.exp(-R * t) * numpy_cnd(d2)


NUMPY = {
    "x ** x": lambda x: np.power(x, x),
    "polynomial": lambda x: ((((0.1 * x + 0.2) * x - 0.3) * x + 0.4) * x - 0.5) * x + np.sqrt(np.abs(x)),
    "sin · exp": lambda x: np.sin(x) * np.exp(-x * x / 10),
    "Black-Scholes": numpy_black_scholes,
    "sum": lambda x: x.sum(),
    "axpy": lambda x, y: K * x + y,
}


def numexpr_cnd(d):
    k = f"(1 / (1 + 0.2316419 * abs({d})))"
    series = f"{k} * (0.31938153 + {k} * (-0.356563782 + {k} * (1.781477937 + {k} * (-1.821255978 + {k} * 1.330274429))))"
    w = f"(1 - 0.39894228040143 * exp(-{d} * {d} / 2) * {series})"
    return f"where({d} < 0, 1 - {w}, {w})"


def numexpr_black_scholes(s, x, t, out):
    # In steps: one expression of all would compute the same parts again and again.
    q = numexpr.evaluate("0.3 * sqrt(t)")
    d1 = numexpr.evaluate("(log(s / x) + (0.03 + 0.3 * 0.3 / 2) * t) / q")
    d2 = numexpr.evaluate("d1 - q")
    return numexpr.evaluate(f"s * {numexpr_cnd('d1')} - x * exp(-0.03 * t) * {numexpr_cnd('d2')}", out=out)


NUMEXPR = {
    "x ** x": lambda x, out: numexpr.evaluate("x ** x", out=out),
    "polynomial": lambda x, out: numexpr.evaluate(
        "((((0.1 * x + 0.2) * x - 0.3) * x + 0.4) * x - 0.5) * x + sqrt(abs(x))", out=out
    ),
    "sin · exp": lambda x, out: numexpr.evaluate("sin(x) * exp(-x * x / 10)", out=out),
    "Black-Scholes": numexpr_black_scholes,
    "sum": lambda x, out: numexpr.evaluate("sum(x)"),
    "axpy": lambda x, y, out: numexpr.evaluate("1.5 * x + y", out=out),
}


def numba_kernels(parallel):
    helper = njit(fastmath=False)
    kernel = njit(parallel=parallel, fastmath=False)

    @helper
    def cnd(d):
        k = 1 / (1 + 0.2316419 * abs(d))
        series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
        w = 1 - 0.39894228040143 * math.exp(-d * d / 2) * series
        return 1 - w if d < 0 else w

    @kernel
    def power(a, out):
        for i in prange(a.size):
            out[i] = a[i] ** a[i]

    @kernel
    def polynomial(a, out):
        for i in prange(a.size):
            x = a[i]
            out[i] = ((((0.1 * x + 0.2) * x - 0.3) * x + 0.4) * x - 0.5) * x + math.sqrt(abs(x))

    @kernel
    def sin_exp(a, out):
        for i in prange(a.size):
            out[i] = math.sin(a[i]) * math.exp(-a[i] * a[i] / 10)

    @kernel
    def black_scholes(s, x, t, out):
        for i in prange(s.size):
            q = 0.3 * math.sqrt(t[i])
            d1 = (math.log(s[i] / x[i]) + (0.03 + 0.3 * 0.3 / 2) * t[i]) / q
            out[i] = s[i] * cnd(d1) - x[i] * math.exp(-0.03 * t[i]) * cnd(d1 - q)

    @kernel
    def mandelbrot(a, b, out):
        for i in prange(a.size):
            x = 0.0
            y = 0.0
            k = 0
            while k < 200:
                x2 = x * x
                y2 = y * y
                if x2 + y2 > 4:
                    break
                y = 2 * x * y + b[i]
                x = x2 - y2 + a[i]
                k += 1
            out[i] = k

    @kernel
    def monte_carlo(a, out):
        for i in prange(a.size):
            s = np.uint32((np.uint64(a[i]) * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)) | np.uint32(1)
            hit = 0
            for _ in range(500):
                s = np.uint32(s ^ np.uint32(s << np.uint32(13)))
                s = np.uint32(s ^ np.uint32(s >> np.uint32(17)))
                s = np.uint32(s ^ np.uint32(s << np.uint32(5)))
                x = s / 4294967296.0
                s = np.uint32(s ^ np.uint32(s << np.uint32(13)))
                s = np.uint32(s ^ np.uint32(s >> np.uint32(17)))
                s = np.uint32(s ^ np.uint32(s << np.uint32(5)))
                y = s / 4294967296.0
                if x * x + y * y <= 1:
                    hit += 1
            out[i] = hit

    @kernel
    def is_prime(a, out):
        for i in prange(a.size):
            n = np.int64(a[i])
            prime = 1
            if n % 2 == 0:
                prime = 0
            k = 3
            while k * k <= n:
                if n % k == 0:
                    prime = 0
                    break
                k += 2
            out[i] = prime

    @kernel
    def total(a, out):
        s = 0.0
        for i in prange(a.size):
            s += a[i]
        out[0] = s

    @kernel
    def axpy(a, b, out):
        for i in prange(a.size):
            out[i] = 1.5 * a[i] + b[i]

    return {
        "x ** x": power,
        "polynomial": polynomial,
        "sin · exp": sin_exp,
        "Black-Scholes": black_scholes,
        "Mandelbrot": mandelbrot,
        "Monte-Carlo π": monte_carlo,
        "isPrime": is_prime,
        "sum": total,
        "axpy": axpy,
    }


KERNELS = {
    "numpy": lambda: {name: lambda *a, f=f: f(*a[:-1]) for name, f in NUMPY.items()},
    "numexpr": lambda: NUMEXPR,
    "numba": lambda: numba_kernels(True),
    "numba-serial": lambda: numba_kernels(False),
}[library]()
prepared = {}


def round_of(name):
    def run(args):
        n = args["n"]
        if name not in prepared:
            prepared[name] = [*columns(name, n), np.empty(n)]
            KERNELS[name](*prepared[name])
        best = None
        for _ in range(args["turns"]):
            begun = time.perf_counter_ns()
            KERNELS[name](*prepared[name])
            taken = time.perf_counter_ns() - begun
            best = taken if best is None else min(best, taken)
        return {"ns": best, "ops": n, "cpuOps": n * args["turns"]}

    return run


serve({name: round_of(name) for name in KERNELS})
