/** A numbered page: what the schema answered, and what was asked. */
export interface NumberedPage {
  nodes: unknown[];
  totalCount: number;
}

/** A page of a walk by cursor. */
export interface WalkedPage {
  nodes: unknown[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

/** Where a list is, and which parameters its links keep. */
export interface Place {
  /** The absolute address of the list. */
  url: string;
  /** The query string as it was asked. */
  query: string;
}

/** Laravel's `data`, `links` and `meta` of a paginated resource. */
export function numberedBody(
  { nodes, totalCount }: NumberedPage,
  { url, query }: Place,
  page: number,
  perPage: number,
): object {
  const base = `${url}?${keptQuery(query, 'page')}page=`;
  const last = lastPage(totalCount, perPage);
  const prev = page > 1 ? base + (page - 1) : null;
  const next = page < last ? base + (page + 1) : null;
  const from = nodes.length > 0 ? (page - 1) * perPage + 1 : null;
  return {
    data: nodes,
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
      to: from === null ? null : from + nodes.length - 1,
      total: totalCount,
    },
  };
}

/** Laravel's shape of a cursor paginator. A cursor that leads back begins with `~`. */
export function walkedBody({ nodes, pageInfo }: WalkedPage, { url, query }: Place, perPage: number): object {
  const base = `${url}?${keptQuery(query, 'cursor')}cursor=`;
  const { prev, next } = cursorsOf(pageInfo);
  return {
    data: nodes,
    links: { first: null, last: null, prev: prev && base + prev, next: next && base + next },
    meta: { path: url, per_page: perPage, next_cursor: next, prev_cursor: prev },
  };
}

export const BACKWARD = '~';

export function cursorsOf(info: WalkedPage['pageInfo']): { prev: string | null; next: string | null } {
  return {
    prev: info.hasPreviousPage && info.startCursor ? BACKWARD + info.startCursor : null,
    next: info.hasNextPage ? info.endCursor : null,
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
