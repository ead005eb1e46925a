import './types.ts';
import './create.ts';
import './revoke.ts';
