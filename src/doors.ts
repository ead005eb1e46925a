import { cmiDoors } from './finance/payments/doors.ts';
import type { Door } from './gateway/doors.ts';
import { whatsappDoors } from './operations/whatsapp/doors.ts';
import { calendarDoors } from './places/ical/feeds/door.ts';

/** Every way in that needs no token. Each asks for a proof of its own. */
export const doors: Door[] = [...calendarDoors, ...whatsappDoors, ...cmiDoors];
