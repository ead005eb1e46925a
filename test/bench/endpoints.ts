import { givenKeys } from '../../src/core/app-key.ts';
import { seal } from '../../src/core/secrets.ts';
import { newSecret } from '../../src/relay/sign.ts';
import { APP_KEY, query } from './bench.ts';

/** Registers one endpoint for each of the first agencies, at `<url>/<index>`. Answers with their secrets in that order. */
export async function registerEndpoints(
  databaseUrl: string,
  { count, url }: { count: number; url: string },
): Promise<string[]> {
  const keys = givenKeys(APP_KEY);
  const secrets = Array.from({ length: count }, newSecret);
  await query(
    databaseUrl,
    `with made as (
       insert into webhook_endpoint (agency_id, url, events, updated_at)
       select n, $1 || '/' || (n - 1), '{booking.*}', now() from generate_series(1, $2::int) n
       returning id, agency_id)
     insert into webhook_secret (agency_id, endpoint_id, ciphertext)
     select made.agency_id, made.id, ($3::text[])[made.agency_id] from made`,
    [url, count, secrets.map((secret) => seal(keys, secret))],
  );
  return secrets;
}
