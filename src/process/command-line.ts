/**
 * The command line of a started process: the boot script, the file of the core, the flag of a spare, modules to import
 * beforehand, and at its end, written by the core, who the process is. That of a thread: the boot script, the file of the
 * core, the thread's id.
 */
import { join } from 'node:path';
import { HERE } from '../here';
import type { Preload } from './preload';

const BOOT_SCRIPT = join(HERE, 'worker', 'boot.js');
export const THREAD_BOOT_SCRIPT = join(HERE, 'worker', 'thread-boot.js');
/** A spare runs beforehand what every work begins with (../worker/warm.ts). */
const SPARE = '--multiproc-spare';
const MARK = '--multiproc-child';

export interface CommandLine {
  /** '' where the parent does not know it. */
  readonly coreFile: string;
  readonly spare: boolean;
  readonly preload: readonly Preload[];
}

/** All but Node's own options, which come before. */
export function write({ coreFile, spare, preload }: CommandLine): string[] {
  return [BOOT_SCRIPT, coreFile, ...(spare ? [SPARE] : []), ...preload.map((one) => JSON.stringify(one))];
}

/** From process.argv of a started process. */
export function read(argv: readonly string[]): CommandLine & { slot: number; generation: number } {
  const end = argv.lastIndexOf(MARK);
  const spare = argv[3] === SPARE;
  return {
    coreFile: argv[2],
    spare,
    preload: argv.slice(spare ? 4 : 3, end).map((one) => JSON.parse(one) as Preload),
    slot: Number(argv[end + 1]),
    generation: Number(argv[end + 2]),
  };
}

/** From process.argv of a started thread. */
export function readThread(argv: readonly string[]): { coreFile: string; id: number } {
  return { coreFile: argv[2], id: Number(argv[3]) };
}
