import './create.ts';
import './types.ts';
import './update.ts';
