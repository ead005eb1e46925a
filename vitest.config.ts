import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take graphql's ES modules and the libraries its CommonJS: two copies, whose types don't know each other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 2, // They wait for PostgreSQL half of the time; vitest would leave one of two cores idle.
    isolate: false, // A worker loads the product once and not once a file (466 s became 303). So no file may leave anything behind.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
