import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take graphql's ES modules and the libraries its CommonJS: two copies, whose types don't know each other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
