import './cancel.ts';
import './start.ts';
import './types.ts';
