import './create.ts';
import './revoke.ts';
import './types.ts';
