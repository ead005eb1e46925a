import type { Row } from '../../graph/row.ts';

export const calendarRoutes: Row[] = [];
