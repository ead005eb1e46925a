import { expenseRoutes } from './finance/expenses/routes.ts';
import { invoiceRoutes } from './finance/invoices/routes.ts';
import { ownerRoutes } from './finance/owners/routes.ts';
import { paymentRoutes } from './finance/payments/routes.ts';
import { reportRoutes } from './finance/reports/routes.ts';
import { statementRoutes } from './finance/statements/routes.ts';
import { subscriptionRoutes } from './finance/subscription/routes.ts';
import { taxReportRoutes } from './finance/tax-reports/routes.ts';
import type { Row } from './graph/row.ts';
import { cleaningRoutes } from './operations/cleaning/routes.ts';
import { maintenanceRoutes } from './operations/maintenance/routes.ts';
import { whatsappRoutes } from './operations/whatsapp/routes.ts';
import { calendarRoutes } from './places/calendar/routes.ts';
import { feedRoutes } from './places/ical/feeds/routes.ts';
import { icalRoutes } from './places/ical/routes.ts';
import { propertyRoutes } from './places/properties/routes.ts';
import { rateRoutes } from './places/rates/routes.ts';
import { auditRoutes } from './platform/audit/routes.ts';
import { replayRoutes } from './platform/replays/routes.ts';
import { platformRoutes } from './platform/routes.ts';
import { tokenRoutes } from './platform/tokens/routes.ts';
import { bookingRoutes } from './stays/bookings/routes.ts';
import { reviewRoutes } from './stays/reviews/routes.ts';

/** Every row of `/v1`. A new resource is one more rows file, named here. */
export const rows: Row[] = [
  ...platformRoutes,
  ...replayRoutes,
  ...tokenRoutes,
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
  ...invoiceRoutes,
  ...paymentRoutes,
  ...expenseRoutes,
  ...statementRoutes,
  ...taxReportRoutes,
  ...reportRoutes,
  ...auditRoutes,
  ...subscriptionRoutes,
];
