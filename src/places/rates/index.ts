import './create.ts';
import './events.ts';
import './quote.ts';
import './remove.ts';
import './set.ts';
import './types.ts';
import './update.ts';
