import './cancel.ts';
import './create.ts';
import './reinstate.ts';
import './steps.ts';
import './update.ts';
import './events.ts';
import './types.ts';
