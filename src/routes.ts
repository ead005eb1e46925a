import { ownerRoutes } from './finance/routes.ts';
import type { Row } from './graph/row.ts';
import { cleaningRoutes } from './operations/cleaning/routes.ts';
import { maintenanceRoutes } from './operations/maintenance/routes.ts';
import { whatsappRoutes } from './operations/whatsapp/routes.ts';
import { calendarRoutes } from './places/calendar/routes.ts';
import { feedRoutes } from './places/ical/feeds/routes.ts';
import { icalRoutes } from './places/ical/routes.ts';
import { propertyRoutes } from './places/properties/routes.ts';
import { rateRoutes } from './places/rates/routes.ts';
import { platformRoutes } from './platform/routes.ts';
import { bookingRoutes } from './stays/bookings/routes.ts';
import { reviewRoutes } from './stays/reviews/routes.ts';

/** Every row of `/v1`. A new resource is one more rows file, named here. */
export const rows: Row[] = [
  ...platformRoutes,
  ...propertyRoutes,
  ...icalRoutes,
  ...feedRoutes,
  ...bookingRoutes,
  ...calendarRoutes,
  ...rateRoutes,
  ...cleaningRoutes,
  ...maintenanceRoutes,
  ...reviewRoutes,
  ...whatsappRoutes,
  ...ownerRoutes,
];
