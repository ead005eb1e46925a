import './archive.ts';
import './create.ts';
import './events.ts';
import './types.ts';
import './update.ts';
