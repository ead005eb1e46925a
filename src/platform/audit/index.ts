import './types.ts';
import './sealed.ts';
