import { ownerRoutes } from './finance/routes.ts';
import type { Row } from './graph/row.ts';
import { propertyRoutes } from './places/properties/routes.ts';
import { platformRoutes } from './platform/routes.ts';
import { bookingRoutes } from './stays/bookings/routes.ts';

/** Every row of `/v1`. A new resource is one more rows file, named here. */
export const rows: Row[] = [...platformRoutes, ...propertyRoutes, ...bookingRoutes, ...ownerRoutes];
