import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';
import { v7 as uuid } from 'uuid';

/** Swagger UI for our own OpenAPI document, from files that came with the installation. It asks no other host for anything. */
export function docs(): Router {
  const router = Router();
  router.use((_req, res, next) => {
    res.set({ ...HEADERS, 'x-request-id': uuid() });
    next();
  });
  router.get('/', (_req, res) => res.type('html').send(PAGE));
  router.get('/start.js', (_req, res) => res.type('js').send(START));
  const files = express.static(swaggerUi(), { index: false, redirect: false, maxAge: '1h' });
  router.get(
    FILES.map((file) => `/${file}`),
    files,
  );
  return router;
}

/** What `build.mjs` copies, and what may be asked for: the package holds other pages, which would load other documents. */
export const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js', 'favicon-32x32.png'];

/** In a build the files lie in `assets/` beside the bundle; otherwise in the package. */
function swaggerUi(): string {
  const built = fileURLToPath(new URL('./assets/swagger-ui/', import.meta.url));
  return existsSync(built) ? built : dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}

/** Scripts are files of ours. Swagger UI sets styles on its elements, and its icons are data: addresses. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Bellhop API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/swagger-ui-standalone-preset.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
});
`;
