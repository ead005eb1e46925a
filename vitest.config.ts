import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take graphql's ES modules and the libraries its CommonJS: two copies, whose types don't know each other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 2, // They wait for PostgreSQL half of the time; vitest would leave one of two cores idle.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
