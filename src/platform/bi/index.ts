export { createBiRole, type NewBiRole } from './create-role.ts';
export { dropBiRole } from './drop-role.ts';
export { type BiRole, listBiRoles } from './list-roles.ts';
