import './types.ts';

export { redactAudit } from './redact.ts';
