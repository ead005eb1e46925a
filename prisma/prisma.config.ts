// For Prisma's own command line, where somebody prefers it (`prisma migrate deploy --config prisma/prisma.config.ts`).
// Bellhop needs neither: it migrates itself. A plain object, because `defineConfig` is in a package that we don't install.
export default {
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL },
};
