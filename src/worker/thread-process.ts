/** What a started process does of its own accord, and a thread does not: tell its exit code, show an error that ends it, hear SIGINT. */
import { listen } from '../arena/bell';
import { native } from '../native';
import { showError } from './show-error';
import { onUncaught } from './uncaught';

/** An error in an exit handler, or one that nobody caught. */
const FAILED = 1;

/**
 * Tells the core with which code this thread ends, as the last thing that its JavaScript does: after the handlers of
 * 'exit', which may change it. Node tells the parent's event loop only, and that may be blocked.
 */
export function tellExitCode(): void {
  const { emit } = process;
  const inner = process as unknown as { reallyExit(code?: number | string): void };
  const { reallyExit } = inner;
  let failed = false;
  process.emit = function (this: NodeJS.Process, event: string, ...args: unknown[]): boolean {
    if (event !== 'exit') return Reflect.apply(emit, this, [event, ...args]) as boolean;
    try {
      return Reflect.apply(emit, this, [event, ...args]) as boolean;
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      native.threadExits(failed ? FAILED : Number(process.exitCode ?? args[0] ?? 0));
    }
  } as typeof process.emit;
  inner.reallyExit = (code = 0) => {
    // Node lets integers through as text too: process.exit('3').
    native.threadExits(failed ? FAILED : Number(code));
    Reflect.apply(reallyExit, process, [code]);
  };
}

/** Writes an error that nobody catches to stderr. */
export function showUncaught(name: string): void {
  onUncaught((error) => showError(name, error));
}

/** Makes interrupt() of the parent an event 'SIGINT', as long as somebody here listens for it. */
export function hearInterrupts(): void {
  let hears = false;
  let listening = false;
  const hear = (on: boolean) => {
    if (on === hears) return;
    hears = on;
    if (on && !listening) {
      listening = true;
      listen(() => {
        if (native.threadWasInterrupted()) process.emit('SIGINT', 'SIGINT');
      });
    }
    native.threadHearsInterrupt(on);
  };
  process.on('newListener', (event) => {
    if (event === 'SIGINT') hear(true);
  });
  process.on('removeListener', (event) => {
    if (event === 'SIGINT') hear(process.listenerCount('SIGINT') > 0);
  });
}
