import './types.ts';
import './events.ts';
import './create.ts';
import './import.ts';
