import './assign.ts';
import './create.ts';
import './escalate.ts';
import './events.ts';
import './resolve.ts';
import './types.ts';
import './update.ts';
