import { captureLimit as current } from './closure';
import { configureSpares } from './process/spares';
import { checkInteger, checkOptions } from './validate';

/** The limits of this library in this process. */
export interface Configuration {
  /** What a captured function may drag along; by default 1,000 functions, 1 MB of source, 2,000 ms. */
  captureLimit?: { functions?: number; bytes?: number; milliseconds?: number };
  /** Spare processes kept after a start; by default 1. */
  spares?: number;
  /** Milliseconds after which a spare that nobody wanted ends; by default 10,000. */
  spareIdle?: number;
}

/** Sets limits of this process; what is not named stays. */
export function configure(options: Configuration): void {
  const { captureLimit, spares, spareIdle } = checkOptions(options);
  if (spares !== undefined) checkInteger(spares, 'options.spares', 0, 255);
  if (spareIdle !== undefined) checkInteger(spareIdle, 'options.spareIdle', 0, 2 ** 31 - 1);
  const limits = { ...checkOptions(captureLimit, 'options.captureLimit') };
  for (const name of ['functions', 'bytes', 'milliseconds'] as const) {
    if (limits[name] !== undefined) checkInteger(limits[name], `options.captureLimit.${name}`, 0);
    else delete limits[name];
  }
  Object.assign(current, limits);
  configureSpares(spares, spareIdle);
}
