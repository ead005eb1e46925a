import type { Door } from '../../gateway/doors.ts';

export const whatsappDoors: Door[] = [];
