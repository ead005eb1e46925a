import './types.ts';
import './sealed.ts';

export { redactAudit } from './redact.ts';
