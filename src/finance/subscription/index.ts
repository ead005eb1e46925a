import './events.ts';
import './types.ts';
