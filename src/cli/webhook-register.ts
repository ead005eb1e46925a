import { ask, type Server } from './api.ts';

export interface Registered {
  id: number;
  secret: string;
  /** Takes the registration back. */
  remove(): Promise<void>;
}

/** Registers `url` through the door that customers use, POST /v1/webhooks. The token needs the ability webhooks:write. */
export async function register(server: Server, events: string[], url: string): Promise<Registered> {
  const body = { url, events, description: 'bellhop webhook listen' };
  const { id, secret } = (await ask(server, 'POST', '/v1/webhooks', body)).data;
  return { id, secret, remove: () => ask(server, 'DELETE', `/v1/webhooks/${id}`) };
}
