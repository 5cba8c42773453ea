import { encode } from '../codec';
import { checkArray, checkInteger, checkOptions, checkString } from '../validate';
import { inheritedExecArgv } from './exec-argv';
import { preloadOf } from './preload';
import { prewarmSpares } from './spares';

/**
 * Boots spare processes until there are `count`, so that the next starts take about a millisecond.
 *
 * @param options.preload modules that they import beforehand: file URLs, paths relative to the current directory, or names of
 * packages, which are looked for from the program's main script, then from the current directory.
 */
export async function prewarm(count: number, options?: { preload?: readonly string[] }): Promise<void> {
  checkInteger(count, 'count', 0, 255);
  const { preload = [] } = checkOptions(options);
  checkArray(preload, 'options.preload');
  preload.forEach((module, i) => checkString(module, `options.preload[${i}]`));
  const settings = { execArgv: inheritedExecArgv(), env: { ...process.env }, preload: preload.map(preloadOf) };
  await Promise.all([prewarmSpares(count, settings), count > 0 && warmCapture()]);
}

/** The first function that a process sends makes it load Node's inspector. That takes about 10 ms, while the spares boot. */
async function warmCapture(): Promise<void> {
  encode(() => 1, 'prewarm');
}
