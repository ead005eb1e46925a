/** Where and as whom a listener registers itself. */
export interface Registration {
  /** Where Bellhop answers: http://127.0.0.1:4000 */
  server: string;
  /** With the ability webhooks:write. */
  token: string;
  events: string[];
}

export interface Registered {
  id: number;
  secret: string;
  /** Takes the registration back. */
  remove(): Promise<void>;
}

/** Registers `url` through the door that customers use, POST /v1/webhooks. */
export async function register({ server, token, events }: Registration, url: string): Promise<Registered> {
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${server.replace(/\/+$/, '')}/v1/webhooks${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    }).catch((error: Error) => {
      throw new Error(
        `Nothing answers at ${server} (${(error.cause as Error | undefined)?.message || error.message}). Is Bellhop running there?`,
      );
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${server} refused ${method} /v1/webhooks${path} with ${response.status}: ${messageOf(text)}`);
    return text;
  };
  const { id, secret } = JSON.parse(await ask('POST', '', { url, events, description: 'bellhop webhook listen' })).data;
  return { id, secret, remove: async () => void (await ask('DELETE', `/${id}`)) };
}

function messageOf(text: string): string {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.slice(0, 200);
  }
}
