// The work of the pools that want a file. A number: plus one. A list of numbers: squared. Else { op, value }.
const operations = {
  echo: (value) => value,
  /** What arrives is only looked at. */
  take: (value) => value.items?.length ?? value.byteLength ?? value.id,
  /** Microseconds of work, by the clock. */
  spin: (microseconds) => {
    const end = performance.now() + microseconds / 1000;
    while (performance.now() < end);
    return microseconds;
  },
  /** The same amount of work, however long it takes. */
  compute: (rounds) => {
    let x = 1;
    for (let i = 0; i < rounds; i++) x = (x * 1103515245 + 12345) % 2147483648;
    return x;
  },
};

export function work(x) {
  if (typeof x === 'number') return x + 1;
  if (Array.isArray(x)) return x.map((y) => y * y);
  return operations[x.op](x.value);
}

export default work;
