import type { FoundPage } from '../../planner/list.ts';

/** Where a list is, and which parameters its links keep. */
export interface Place {
  /** The absolute address of the list. */
  url: string;
  /** The query string as it was asked. */
  query: string;
}

/** Laravel's `data`, `links` and `meta` of a paginated resource. */
export function numberedBody(
  { nodes, count, total }: FoundPage,
  { url, query }: Place,
  page: number,
  perPage: number,
): string {
  const base = `${url}?${keptQuery(query, 'page')}page=`;
  const last = lastPage(total, perPage);
  const prev = page > 1 ? base + (page - 1) : null;
  const next = page < last ? base + (page + 1) : null;
  const from = count > 0 ? (page - 1) * perPage + 1 : null;
  return bodyOf(nodes, {
    links: { first: `${base}1`, last: base + last, prev, next },
    meta: {
      current_page: page,
      from,
      last_page: last,
      links: [
        { url: prev, label: '&laquo; Previous', active: false },
        ...pageNumbers(page, last).map((number) =>
          number === undefined
            ? { url: null, label: '...', active: false }
            : { url: base + number, label: String(number), active: number === page },
        ),
        { url: next, label: 'Next &raquo;', active: false },
      ],
      path: url,
      per_page: perPage,
      to: from === null ? null : from + count - 1,
      total,
    },
  });
}

/** Laravel's shape of a cursor paginator. A cursor that leads back begins with `~`. */
export function walkedBody(page: FoundPage, { url, query }: Place, perPage: number): string {
  const base = `${url}?${keptQuery(query, 'cursor')}cursor=`;
  const { prev, next } = cursorsOf(page);
  return bodyOf(page.nodes, {
    links: { first: null, last: null, prev: prev && base + prev, next: next && base + next },
    meta: { path: url, per_page: perPage, next_cursor: next, prev_cursor: prev },
  });
}

/** The rows are JSON already; what stands beside them isn't. */
function bodyOf(rows: string, beside: object): string {
  return `{"data":[${rows}],${JSON.stringify(beside).slice(1)}`;
}

export const BACKWARD = '~';

export function cursorsOf(page: Omit<FoundPage, 'nodes' | 'edges'>): { prev: string | null; next: string | null } {
  return {
    prev: page.before && page.startCursor ? BACKWARD + page.startCursor : null,
    next: page.after ? page.endCursor : null,
  };
}

/** An empty list has one page, the first. */
export function lastPage(total: number, perPage: number): number {
  return Math.max(1, Math.ceil(total / perPage));
}

/** The other parameters, encoded, with an `&` at the end when there are any. */
export function keptQuery(query: string, without: string): string {
  if (query === '') return '';
  const kept = new URLSearchParams(query);
  kept.delete(without);
  return kept.size > 0 ? `${kept}&` : '';
}

/** How many numbers Laravel shows on each side of the current page. */
const ON_EACH_SIDE = 3;

/** The window of Laravel's UrlWindow; undefined is an ellipsis. */
function pageNumbers(current: number, last: number): (number | undefined)[] {
  const edge = ON_EACH_SIDE + 4;
  if (last < ON_EACH_SIDE * 2 + 8) return range(1, last);
  if (current <= edge) return [...range(1, edge + ON_EACH_SIDE), undefined, ...range(last - 1, last)];
  if (current > last - edge) return [...range(1, 2), undefined, ...range(last - (edge + ON_EACH_SIDE - 1), last)];
  return [
    ...range(1, 2),
    undefined,
    ...range(current - ON_EACH_SIDE, current + ON_EACH_SIDE),
    undefined,
    ...range(last - 1, last),
  ];
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
