import './cmi/account.ts';
import './create.ts';
import './events.ts';
import './steps.ts';
import './types.ts';
