// The crates' own tests. Cargo names the test programs; each is run by itself, with a time limit, and tells its results as JSON.
import { dirname } from 'node:path';
import { run } from './command.mjs';

/** Cargo's flags for the crates that have tests: the bindings have none, and link only into Node. */
const CRATES = ['--workspace', '--exclude', 'multiproc-node', '--exclude', 'multiproc-kernel-node'];
/** No single test program may take longer. The models are one program. */
const SECONDS = 1800;

/** The test programs that `cargo test` would run, built. */
async function programs(flags, env) {
  const build = await run('cargo', ['test', '--no-run', '--message-format=json-render-diagnostics', ...flags], {
    env,
    seconds: 1500,
  });
  if (!build.ok) return { failure: { name: 'cargo test --no-run', status: 'failed', detail: build.why } };
  const found = jsonLines(build.stdout)
    .filter((line) => line.reason === 'compiler-artifact' && line.profile.test && line.executable)
    .map(({ executable, target, manifest_path: manifest }) => ({
      executable,
      cwd: dirname(manifest),
      label: `${dirname(manifest).split('/').pop()}::${target.name}`,
    }));
  return { found };
}

function jsonLines(text) {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

/** Runs one test program and reads its events. One that says nothing (its own harness) counts as one test. */
async function runProgram({ executable, cwd, label }, env) {
  // RUSTC_BOOTSTRAP is for the test harness alone, which hides its JSON behind it.
  const done = await run(executable, ['-Z', 'unstable-options', '--format', 'json', '--report-time'], {
    cwd,
    env: { ...env, RUSTC_BOOTSTRAP: '1', CARGO_MANIFEST_DIR: cwd },
    seconds: SECONDS,
    quiet: true,
  });
  const events = jsonLines(done.stdout).filter((event) => event.type === 'test');
  if (events.length === 0 && jsonLines(done.stdout).length === 0) {
    return [
      {
        name: label,
        status: done.ok ? 'passed' : 'failed',
        ms: done.ms,
        detail: done.ok ? undefined : `${done.why}\n${done.tail}`,
      },
    ];
  }
  // Among the events are 'started' and, for a test that has run for over 60 s, 'timeout': neither is a result.
  const results = events
    .filter(({ event }) => ['ok', 'failed', 'ignored'].includes(event))
    .map(({ name, event, exec_time: time = 0, stdout, reason }) => ({
      name: `${label}::${name}`,
      status: { ok: 'passed', ignored: 'skipped' }[event] ?? 'failed',
      ms: time * 1000,
      detail: event === 'ok' ? undefined : (stdout ?? reason ?? event),
    }));
  if (!done.ok && !results.some(({ status }) => status === 'failed')) {
    const begun = events.filter(({ event }) => event === 'started').map(({ name }) => name);
    const open = begun.filter((name) => !results.some((result) => result.name === `${label}::${name}`));
    results.push({
      name: label,
      status: 'failed',
      detail: `${done.why}; unfinished: ${open.join(', ') || 'none'}\n${done.tail}`,
    });
  }
  return results;
}

async function runAll(flags, env = {}) {
  const { found, failure } = await programs(flags, env);
  if (failure) return [failure];
  const results = [];
  for (const program of found) {
    const of = await runProgram(program, env);
    const failed = of.filter(({ status }) => status === 'failed').length;
    if (of.length > 0) console.log(`  ${program.label}: ${of.length} tests${failed > 0 ? `, ${failed} failed` : ''}`);
    results.push(...of);
  }
  return results;
}

/** The examples in the crates' documentation: rustdoc prints them in words alone. */
async function docTests() {
  const done = await run('cargo', ['test', '--doc', '--no-fail-fast', ...CRATES], { seconds: SECONDS, quiet: true });
  const results = [...done.stdout.matchAll(/^test (.+) \.\.\. (ok|FAILED|ignored)/gm)].map(([, name, word]) => ({
    name: `doc::${name}`,
    status: { ok: 'passed', ignored: 'skipped' }[word] ?? 'failed',
  }));
  if (!done.ok && !results.some(({ status }) => status === 'failed')) {
    results.push({ name: 'cargo test --doc', status: 'failed', detail: `${done.why}\n${done.tail}` });
  }
  return results;
}

/** Unit tests, integration tests (stepped kills and torture in their short forms among them) and documentation. */
export async function rust() {
  return [...(await runAll(CRATES)), ...(await docTests())];
}

/** The models of the shared-memory protocols, explored by loom in their short form. */
export async function loom() {
  return runAll(['-p', 'multiproc-shm', '--release', '--target-dir', 'target-loom'], { RUSTFLAGS: '--cfg loom' });
}
