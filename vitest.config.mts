import { defineConfig } from 'vitest/config';

/** Test files that run for both start methods: what they start is a process in the one project, a thread in the other. */
const BOTH = ['process', 'pool', 'lock', 'sync', 'queue', 'pipe', 'wait', 'shared', 'faults'].map(
  (area) => `__test__/${area}/**/*.test.ts`,
);
/** Of spare processes, of what the kernel does when a process dies, those that start threads whatever the default is, and those that start nothing. */
const ONCE = [
  '__test__/process/{kept-code,prewarm,threads}.test.ts',
  '__test__/faults/{parent-killed,threads}.test.ts',
  '__test__/sync/costs.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    // Bounds that only a hang passes: a loaded machine of two cores is no reason to fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    retry: 0,
    passWithNoTests: false,
    // Tests import the built package by its own name, and Node loads it as it would for a user.
    server: { deps: { external: [/\/dist\//, /\/src\/native\//] } },
    projects: [
      { extends: true, test: { name: 'spawn', include: ['__test__/**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'thread', include: BOTH, exclude: ONCE, setupFiles: ['__test__/support/use-threads.ts'] },
      },
    ],
  },
});
