/** A table that holds sealed texts: what tells its rows apart, by column and type, and where the texts stand. */
export interface SealedTable {
  table: string;
  id: Record<string, 'int' | 'text'>;
  columns: string[];
}

/** Everything that APP_KEY has encrypted. A test holds it to what the database has. */
export const SEALED: SealedTable[] = [
  { table: 'webhook_secret', id: { id: 'int' }, columns: ['ciphertext'] },
  { table: 'ical_source', id: { id: 'int' }, columns: ['url_sealed'] },
  { table: 'cmi_account', id: { id: 'int' }, columns: ['store_key_sealed'] },
  {
    table: 'whatsapp_account',
    id: { id: 'int' },
    columns: ['token_sealed', 'app_secret_sealed', 'verify_token_sealed'],
  },
  { table: 'idempotency_key', id: { token_id: 'int', key: 'text' }, columns: ['body'] },
];
