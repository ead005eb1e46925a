interface ZapierApp {
  beforeRequest: ((request: ZapierRequest, z: unknown, bundle: unknown) => ZapierRequest)[];
  afterResponse: ((response: object, z: unknown) => object)[];
}

interface ZapierRequest {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  params?: Record<string, string>;
  body?: unknown;
}

/** What Zapier hands to an app's functions: `z`, which asks through the app's middleware, and bundles with its account. */
export function openZapier(app: ZapierApp, authData: { url: string; token: string }) {
  const z = {
    errors: { Error: kind('Error'), HaltedError: kind('HaltedError'), ...expiry() },
    async request(asked: ZapierRequest) {
      const request = app.beforeRequest.reduce((made, middleware) => middleware(made, z, bundle()), {
        ...asked,
        headers: { 'content-type': 'application/json', ...asked.headers },
      } as ZapierRequest);
      const query = request.params ? `?${new URLSearchParams(request.params)}` : '';
      const answer = await fetch(request.url + query, {
        method: request.method ?? 'GET',
        headers: request.headers!,
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
      });
      const text = await answer.text();
      const response = {
        request,
        status: answer.status,
        data: text === '' ? undefined : JSON.parse(text),
        getHeader: (name: string) => answer.headers.get(name),
      };
      return app.afterResponse.reduce<object>((made, middleware) => middleware(made, z), response);
    },
  };
  const bundle = (parts: object = {}) => ({ authData, inputData: {}, ...parts });
  return { z, bundle };
}

const expiry = () => ({ ExpiredAuthError: kind('ExpiredAuthError'), ThrottledError: kind('ThrottledError') });

function kind(name: string) {
  return class extends Error {
    constructor(message: string) {
      super(`${name}: ${message}`);
    }
  };
}
