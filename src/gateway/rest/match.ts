import { namesIn } from './parameters.ts';

/** What a path leads to, and what stood for its `{names}`. */
export interface Match<T> {
  byMethod: ReadonlyMap<string, T>;
  path: string[];
}

interface Place<T> {
  fixed: Map<string, Place<T>>;
  named: Place<T> | undefined;
  byMethod: Map<string, T>;
}

/** A tree of path segments, so that finding a row costs its path's length however many rows there are. */
export function matcher<T extends { row: { method: string; path: string } }>(
  routes: T[],
): (path: string) => Match<T> | undefined {
  const root: Place<T> = place();
  for (const route of routes) {
    let here = root;
    for (const segment of segmentsOf(route.row.path)) {
      if (namesIn(segment).length > 0) here = here.named ??= place();
      else {
        if (!here.fixed.has(segment)) here.fixed.set(segment, place());
        here = here.fixed.get(segment)!;
      }
    }
    if (here.byMethod.has(route.row.method)) throw new Error(`${route.row.method} ${route.row.path} is there twice.`);
    here.byMethod.set(route.row.method, route);
  }

  return (path) => {
    const values: string[] = [];
    let here = root;
    for (const segment of segmentsOf(path)) {
      const fixed = here.fixed.get(segment);
      if (fixed) here = fixed;
      else if (here.named && segment !== '') {
        here = here.named;
        values.push(segment);
      } else return undefined;
    }
    return here.byMethod.size > 0 ? { byMethod: here.byMethod, path: values } : undefined;
  };
}

const segmentsOf = (path: string): string[] => path.split('/').slice(1);

function place<T>(): Place<T> {
  return { fixed: new Map(), named: undefined, byMethod: new Map() };
}
