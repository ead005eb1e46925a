import './events.ts';
import './generate.ts';
import './types.ts';
