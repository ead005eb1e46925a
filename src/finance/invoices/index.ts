import './create.ts';
import './delete.ts';
import './events.ts';
import './pay.ts';
import './send.ts';
import './types.ts';
import './update.ts';
import './void.ts';
