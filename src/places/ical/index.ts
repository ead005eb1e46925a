import './create.ts';
import './delete.ts';
import './events.ts';
import './resolve.ts';
import './sync.ts';
import './types.ts';
