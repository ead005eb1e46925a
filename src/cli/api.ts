/** A running Bellhop, and as whom it is asked. */
export interface Server {
  /** Where Bellhop answers: http://127.0.0.1:4000 */
  url: string;
  token: string;
}

/** Asks as a customer does. A refusal is an error that says what was refused and why; too many requests are only waited for. */
// biome-ignore lint/suspicious/noExplicitAny: whoever asks knows what is answered
export async function ask({ url, token }: Server, method: string, path: string, body?: object): Promise<any> {
  for (;;) {
    const response = await fetch(url.replace(/\/+$/, '') + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    }).catch((error: Error) => {
      const cause = (error.cause as Error | undefined)?.message || error.message;
      throw new Error(`Nothing answers at ${url} (${cause}). Is Bellhop running there?`);
    });
    const text = await response.text();
    if (response.status === 429) {
      await new Promise((resolve) => setTimeout(resolve, 1_000 * (Number(response.headers.get('retry-after')) || 1)));
      continue;
    }
    if (!response.ok)
      throw new Error(`${url} refused ${method} ${path.split('?')[0]} with ${response.status}: ${messageOf(text)}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

function messageOf(text: string): string {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.slice(0, 200);
  }
}
