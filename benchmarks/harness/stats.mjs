// Robust summaries: on a box that others use, means and standard deviations describe the others.

/** The value below which the share `p` (0..1) of `sorted` lies. */
export function quantile(sorted, p) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Median, median absolute deviation and best of the rounds of one contestant. */
export function summary(values) {
  const middle = median(values);
  return {
    median: middle,
    mad: median(values.map((value) => Math.abs(value - middle))),
    best: Math.min(...values),
    rounds: values.length,
  };
}
