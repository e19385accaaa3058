import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Some start a server, on machines that may be busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ['test/support/engines-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Property tests print their seed on failure; a fixed run count keeps CI time even.
    reporters: ['default'],
  },
});
