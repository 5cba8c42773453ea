// Runs a command to its end or to a time limit; what it started ends with it.
import { spawn } from 'node:child_process';
import { root } from './report.mjs';

/** The commands that run now. */
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    running.forEach(end);
    process.exit(1);
  });
}

/** So much of a command's output is kept for a failure's report, from its end. Bytes. */
const TAIL = 8192;

/**
 * Runs `command args`, in a process group of its own.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, seconds?: number, quiet?: boolean, tee?: boolean }} [options]
 *   env: added to this process's; seconds: the time limit, 600; quiet: stderr is not shown; tee: stdout is.
 * @returns {Promise<{ ok: boolean, stdout: string, tail: string, ms: number, why: string }>}
 *   tail: the end of both outputs; why: how it ended, in words, where that was not exit code 0.
 */
export function run(command, args, { cwd = root, env = {}, seconds = 600, quiet = false, tee = false } = {}) {
  return new Promise((resolve) => {
    const begun = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      shell: process.platform === 'win32',
    });
    running.add(child);
    let stdout = '';
    let tail = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end(child);
    }, seconds * 1000);
    const keep = (text) => {
      tail = (tail + text).slice(-TAIL);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      keep(text);
      if (tee) process.stdout.write(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      keep(text);
      if (!quiet) process.stderr.write(text);
    });
    const settle = (why) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ ok: why === '', stdout, tail, ms: performance.now() - begun, why });
    };
    child.on('error', (error) => settle(error.message));
    child.on('close', (code, signal) => {
      if (late) settle(`still ran after ${seconds} s`);
      else settle(code === 0 ? '' : `ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

function end(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
