import type { Door } from '../../../gateway/doors.ts';

export const calendarDoors: Door[] = [];
