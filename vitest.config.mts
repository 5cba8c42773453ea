import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['__test__/**/*.test.ts'],
    pool: 'forks',
    // Bounds that only a hang passes: a loaded machine of two cores is no reason to fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    retry: 0,
    passWithNoTests: false,
    // Tests import the built package by its own name, and Node loads it as it would for a user.
    server: { deps: { external: [/\/dist\//, /\/src\/native\//] } },
  },
});
