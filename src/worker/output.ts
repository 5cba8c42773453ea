/**
 * What a child prints is written before the call returns, so that no way to end loses it: not process.exit() right after
 * it, nor an exit handler that prints.
 *
 * Node does so for files and terminals. Pipes and sockets it makes non-blocking, keeps what they don't take at once in
 * memory, and forgets that at process.exit(). To make them blocking is no way out: that belongs to the open file, which
 * the parent and its other children share.
 *
 * A thread's output goes through the event loop of the thread that started it, unless it is written here.
 */
import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** How long a full pipe is left alone before the next try. */
const PAUSE_MS = 1;
const clock = new Int32Array(new SharedArrayBuffer(4));

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(clock, 0, 0, PAUSE_MS);
    }
  }
}

let dropsUnread = false;

/**
 * What is printed where nobody reads any more (`| head`) is dropped from now on. In a worker of a pool: else each task that
 * prints would end its worker, and one worker after the other would say so.
 */
export function dropUnread(): void {
  dropsUnread = true;
}

const OUTPUTS = [['stdout', 1] as const, ['stderr', 2] as const];

/** Of process.stdout and process.stderr where they are pipes or sockets. */
interface PipeStream extends Writable {
  readonly _type?: string;
  _write: (chunk: string | Uint8Array, encoding: BufferEncoding, done: (error?: Error) => void) => void;
  _writev: undefined;
}

function writeAtOnce(stream: PipeStream, fd: number): void {
  if (stream._type !== 'pipe') return;
  stream._writev = undefined;
  stream._write = writerTo(fd);
}

function writerTo(fd: number): PipeStream['_write'] {
  return (chunk, encoding, done) => {
    try {
      writeAll(fd, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    } catch (error) {
      if (!dropsUnread || (error as NodeJS.ErrnoException).code !== 'EPIPE') return done(error as Error);
    }
    done();
  };
}

/** Gives a thread a stdout and stderr of its own, which write to those of the process. */
export function ownOutput(): void {
  for (const [name, fd] of OUTPUTS) {
    let stream: Writable | undefined;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => (stream ??= writableTo(fd)),
    });
  }
}

function writableTo(fd: number): Writable {
  const { Writable } = process.getBuiltinModule('node:stream');
  return Object.assign(new Writable({ decodeStrings: false, write: writerTo(fd) }), { fd });
}

/** Sees to it for stdout and stderr when each is used first. */
export function keepOutput(): void {
  for (const [name, fd] of OUTPUTS) {
    const property = Object.getOwnPropertyDescriptor(process, name);
    if (property?.get === undefined) continue;
    const get = property.get;
    Object.defineProperty(process, name, {
      ...property,
      get: () => {
        Object.defineProperty(process, name, property);
        const stream = get.call(process) as PipeStream;
        writeAtOnce(stream, fd);
        return stream;
      },
    });
  }
}
